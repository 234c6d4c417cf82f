"""What a program that may have been taken over leaves behind: only what it ought to be comes along."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skrt_hub.errors import ProgramError, SkrtHubError, UsageError
from skrt_hub.inspection import results


def test_a_page_is_written_anew_without_what_could_do_harm() -> None:
    page = results.page_anew(
        "<!doctype html><title>x</title><style>body{background:url(http://elsewhere/)}</style><h1>Compared</h1>"
        "<script>alert(1)</script><table><tr onclick='alert(2)'><th>an &lt;b&gt; na<td colspan='6'>not drawn"
        "<td><img src='data:image/png;base64,AAAA' onerror='alert(3)'><img src='http://elsewhere/a.png'>"
        "<img src='data:image/svg+xml;base64,AAAA'><a href='javascript:alert(4)'>here</a>"
        "<meta http-equiv=refresh content='0;url=http://elsewhere/'><td colspan=\"1' onclick='x\"></tr></table>"
        "<iframe srcdoc='<script>alert(5)</script>'></iframe><svg onload=alert(6)>"
    )
    body = page.split("<body>")[1]
    for harm in ("alert(", "onclick", "onerror", "onload", "http", "<script", "<iframe", "<svg", "<a", "<meta"):
        assert harm not in body
    assert "<h1>Compared</h1><table><tr><th>an &lt;b&gt; na<td colspan='6'>not drawn" in body
    assert "<img alt='' src='data:image/png;base64,AAAA'>" in body
    assert "default-src 'none'" in page


def test_a_table_has_no_formulas_and_numbers_stay_numbers(tmp_path: Path) -> None:
    made, to = tmp_path / "made", tmp_path / "to"
    made.mkdir()
    to.mkdir()
    (made / results.TABLE).write_text('name,z\n"=cmd()",-30.0\n@x,+a\n', encoding="utf-8-sig")
    results.bring_table(made, to)
    text = (to / results.TABLE).read_text(encoding="utf-8-sig")
    assert text.splitlines() == ["name,z", "'=cmd(),-30.0", "'@x,'+a"]


@pytest.mark.parametrize("kind", ["link", "pipe", "second name", "missing", "folder"])
def test_a_table_that_is_no_file_of_its_own_is_refused(kind: str, tmp_path: Path) -> None:
    made, secret = tmp_path / "made", tmp_path / "secret"
    made.mkdir()
    secret.write_text("of somebody else")
    table = made / results.TABLE
    if kind == "link":
        table.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(table)
    elif kind == "second name":
        os.link(secret, table)
    elif kind == "folder":
        table.mkdir()
    with pytest.raises(ProgramError):
        results.bring_table(made, tmp_path)
    assert not (tmp_path / results.TABLE).exists()


def test_a_folder_with_a_link_is_not_brought(tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "1").mkdir(parents=True)
    (made / "1" / "a.dcm").write_bytes(b"a")
    results.bring_folder(made, tmp_path / "whole")
    assert (tmp_path / "whole" / "1" / "a.dcm").read_bytes() == b"a"
    (made / "1" / "b.dcm").symlink_to("/etc/passwd")
    with pytest.raises(SkrtHubError):
        results.bring_folder(made, tmp_path / "broken")
    assert {path.name for path in tmp_path.iterdir()} == {"made", "whole"}


def test_a_place_that_holds_something_or_lies_in_the_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(UsageError, match="holds something already"):
        results.refuse_taken(tmp_path / "full", tmp_path / "else")
    with pytest.raises(UsageError, match="lies in"):
        results.refuse_taken(tmp_path / "full" / "new", tmp_path / "full")
