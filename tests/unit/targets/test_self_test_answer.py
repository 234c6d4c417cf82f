"""The self-test's answer: rows among other lines, and an end that is missing is a failure."""

from __future__ import annotations

import json

from skrt_hub import results
from skrt_hub.report import VerifyReport
from skrt_hub.targets.self_test_answer import all_rows, rows_so_far

ROW = json.dumps(
    {"row": {"name": "elastix", "verdict": "ok", "seconds": 3.5, "detail": "0.2 mm", "numbers": {"mm": 0.2}}}
)
BAD = json.dumps({"row": {"name": "NiftyReg", "verdict": "failed", "seconds": 1}})
END = json.dumps({"summary": {"steps": 1, "failed": []}})


def test_rows_are_read_among_other_lines() -> None:
    rows = all_rows(f"a library says hello\n{ROW}\n[1, 2]\n{END}\n")
    assert [(row.name, row.verdict, row.measured) for row in rows] == [("elastix", "ok", {"mm": 0.2})]
    assert VerifyReport(rows, 3.5).exit_code == 0


def test_an_end_that_is_missing_is_a_failure() -> None:
    rows = all_rows(f"{ROW}\nKilled\n")
    assert rows[-1].verdict == "failed"
    assert "Killed" in rows[-1].detail
    assert VerifyReport(rows, 1).exit_code == 13
    assert VerifyReport(all_rows(""), 1).exit_code == 13


def test_a_failed_row_fails_the_whole() -> None:
    assert VerifyReport(all_rows(f"{ROW}\n{BAD}\n{END}"), 1).exit_code == 13


def test_damaged_rows_are_passed_over() -> None:
    assert rows_so_far('{"row": {"name": "x"}}\n{"row": 3}\n{half') == ()


def test_of_several_environments_each_row_says_which_it_is_of() -> None:
    first, other = all_rows(f"{ROW}\n{END}"), all_rows(f"{BAD}\n", "gpu")
    assert [(row.name, row.environment) for row in other] == [("NiftyReg", "gpu"), ("self-test", "gpu")]
    (table, _) = results.found(VerifyReport((*first, *other), 1)).blocks
    assert [row[:2] for row in table.rows] == [("the first", "elastix"), ("gpu", "NiftyReg"), ("gpu", "self-test")]
    (table, _) = results.found(VerifyReport(first, 1)).blocks
    assert table.heads[0] == "step"
