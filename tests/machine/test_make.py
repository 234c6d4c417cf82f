"""What `make` does before there is any program of ours: a Python environment, with or without a pip of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
WITHOUT_PIP = """#!/bin/sh
[ "$1 $2" = "-m pip" ] && exit 1
exec "{base}" "$@"
"""


def made(folder: Path, python: Path) -> Path:
    """The environment that `make` begins with in a new folder."""
    shutil.copy(ROOT / "Makefile", folder)
    subprocess.run(["make", f"PYTHON={python}", ".venv/bin/python"], cwd=folder, check=True, capture_output=True)
    return folder / ".venv"


@pytest.fixture(scope="module", autouse=True)
def _usable() -> None:
    done = subprocess.run([BASE, "-c", "import ensurepip, pip"], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("this Python has no pip, or cannot give one to others")


def test_no_pip_is_unpacked_where_the_python_has_one(tmp_path: Path) -> None:
    environment = made(tmp_path, BASE)
    assert list(environment.glob("lib/python3.*/site-packages/pip*")) == []
    words = [BASE, "-m", "pip", "--python", environment / "bin" / "python", "list", "--disable-pip-version-check"]
    assert subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip() == ""


def test_a_python_without_pip_gives_the_environment_one(tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text(WITHOUT_PIP.format(base=BASE))
    python.chmod(0o755)
    environment = made(tmp_path, python)
    subprocess.run([environment / "bin" / "python", "-m", "pip", "--version"], check=True, capture_output=True)
