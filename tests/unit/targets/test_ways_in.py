"""What `check` says before others come: names that anybody can take, and passwords that anybody can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine import reach_checks

CODES = {"login": "codes", "address": "lan", "tls": "class"}
OPEN = {"address": "0.0.0.0", "login": {"kind": "first-use", "beyond_loopback": True}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ""),
        (OPEN, "a name may have no password yet, and whoever reaches the log-in page first takes such a name"),
        ({**OPEN, "participants": ["anna", "bob"]}, "2 of these have no password yet"),
        (CODES, "nobody can log in"),
        ({**CODES, "participants": ["anna"]}, "without a code or password: 1"),
    ],
)
def test_names_that_could_be_taken_are_told(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    found = reach_checks.log_in(Settings.model_validate(given), Layout(tmp_path))
    assert found.ok is not bool(said)
    assert said in found.found
    assert bool(found.remedy) is bool(said)


def test_passwords_that_can_be_read_on_the_way_are_told(tmp_path: Path) -> None:
    found = reach_checks.encryption(Settings.model_validate(OPEN), Layout(tmp_path))
    assert not found.ok
    assert "can read passwords" in found.found
    assert reach_checks.encryption(Settings(), Layout(tmp_path)).ok
