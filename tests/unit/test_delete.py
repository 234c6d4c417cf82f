"""`skrt-hub delete`: a dry run shows the plan, removes nothing, and is no error."""

from __future__ import annotations

from pathlib import Path

import pytest

from skrt_hub.cli import main


def test_a_dry_run_removes_nothing_and_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "log" / "hub.log"
    kept.parent.mkdir()
    kept.write_text("a line")

    code = main(["delete", "--dry-run", "--state", str(tmp_path)])

    assert code == 0
    assert "remove  logs" in capsys.readouterr().out
    assert kept.read_text() == "a line"
