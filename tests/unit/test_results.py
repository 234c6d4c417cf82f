"""What the last checks found, as it is kept and shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from skrt_hub import results
from skrt_hub.audit.report import AuditReport, AuditRow
from skrt_hub.layout import Layout
from skrt_hub.material.overview import HomeMaterial, StatusReport
from skrt_hub.report import Report, VerifyReport, VerifyRow

VERIFIED = VerifyReport((VerifyRow("engines", "ok", 1.25), VerifyRow("notebook", "failed", 2.0, "no [kernel]")), 3.3)
AUDITED = AuditReport("course", "machine", "root", (AuditRow("files", "read a home", ("terminal",), "refused"),), (), 2)


@pytest.mark.parametrize(("report", "ok"), [(VERIFIED, False), (AUDITED, True)])
def test_what_is_kept_is_read_back(report: Report, ok: bool, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert results.kept(layout, results.VERIFY) is None
    results.keep(layout, results.VERIFY, report)
    read = results.kept(layout, results.VERIFY)
    assert read is not None and read.ok is ok
    assert read.blocks == results.found(report).blocks
    assert (layout.results / "verify.json").stat().st_mode & 0o077 == 0


def test_a_report_keeps_its_words_and_loses_its_colours() -> None:
    table, line = results.found(VERIFIED).blocks
    assert table.heads == ("step", "verdict", "time", "found")
    assert table.rows[1] == ("notebook", "failed", "2.0 s", "no [kernel]")
    assert line.lines == ("1 of 2 steps failed, 3 s",)


def test_what_participants_called_things_is_made_printable() -> None:
    home = HomeMaterial("anna", 1, (), ("course/\x1b[31m\u202e.txt",), ())
    told = results.found(StatusReport({"course": "1"}, (home,))).blocks[-1].lines
    assert "anna edited course/\\x1b[31m\\u202e.txt" in told


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"when": 1, "ok": 1, "blocks": [1]}', "[" * 200_000],
    ids=["empty", "half", "list", "nothing in it", "another form", "nested"],
)
def test_a_damaged_file_is_as_none(text: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.results.mkdir()
    (layout.results / "audit.json").write_text(text, encoding="utf-8")
    assert results.kept(layout, results.AUDIT) is None


def test_a_folder_in_its_place_is_as_none_and_takes_nothing_from_the_report(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    (layout.results / "audit.json").mkdir(parents=True)
    assert results.kept(layout, results.AUDIT) is None
    results.keep(layout, results.AUDIT, AUDITED)
