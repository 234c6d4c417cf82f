"""A short soak; the whole one is `make soak SEED=7 MINUTES=120 PEOPLE=30`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_two_minutes_of_kills_lose_and_leak_nothing() -> None:
    words = [sys.executable, "-m", "tests.soak", "--seed", "7", "--minutes", "2", "--people", "5"]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=1100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
