"""What is kept of an error: the end of long texts, in whole lines."""

from __future__ import annotations

from pathlib import Path

from skrt_workspace.cohort import task


def test_a_short_text_is_kept_as_it_is() -> None:
    assert task.ending("Traceback\n  File\nValueError: no") == "Traceback\n  File\nValueError: no"


def test_a_long_traceback_begins_with_a_whole_line_after_a_sign_that_there_was_more() -> None:
    lines = [f'  File "module.py", line {number}, in function' for number in range(500)]
    kept = task.ending("\n".join([*lines, "ValueError: no"]))
    first, *rest = kept.split("\n")
    assert first == "…"
    assert rest[0] in lines
    assert rest[-1] == "ValueError: no"
    assert 3800 < len(kept) <= 4002


def test_one_long_line_is_cut_within(tmp_path: Path) -> None:
    assert task.ending("x" * 9000) == "…\n" + "x" * 4000
    printed = tmp_path / "output"
    printed.write_text("ä" * 9000 + "\nlast")
    assert task._tail(printed) == "…\nlast"
