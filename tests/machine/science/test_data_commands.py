"""The organiser's commands on folders of images, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skrt_hub.environment import Environment
from tests.support.tools import Tool


@pytest.mark.long
def test_survey_clean_and_check(own_tool: Tool, environment: Environment, tmp_path: Path) -> None:
    state, clean = tmp_path / "state", tmp_path / "clean"
    study = environment.folder / "share" / "skrt-workspace" / "phantom" / "patients" / "Phantom-2"
    words = ("--state", state, "--json")
    checked = own_tool.run("data", "check", study, *words)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert {one["kind"] for one in json.loads(checked.stdout)["series"]} == {"CT", "RTSTRUCT", "RTPLAN", "RTDOSE"}
    done = own_tool.run("data", "clean", study, "--to", clean, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["files"] == sum(1 for _ in clean.rglob("*.dcm")) > 40
    assert (state / "secrets" / "data-key").stat().st_mode & 0o777 == 0o600
    key = (state / "secrets" / "data-key").read_text()
    assert key not in done.stdout + done.stderr
    surveyed = own_tool.run("data", "privacy", clean, "--state", state)
    assert surveyed.returncode == 0, surveyed.stdout
    assert "say that they are de-identified" in surveyed.stdout
    again = own_tool.run("data", "clean", study, "--to", clean, "--state", state)
    assert again.returncode == 2
    assert "holds something already" in again.stderr
    missing = own_tool.run("data", "privacy", tmp_path / "none", "--state", state)
    assert missing.returncode == 2
    assert "There is no" in missing.stderr
