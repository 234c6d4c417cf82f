"""The tasks of a cohort that are left: what is said of them, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from skrt_workspace.cohort import share, tasks
from skrt_workspace.cohort.table import Head, Table


@pytest.fixture
def made(tmp_path: Path) -> tasks.Tasks:
    table = Table(tmp_path)
    work, places = table.write_work(b"function", [b"patient"])
    head = Head("night", "f", "h", 1.0, ("p1",), ("0" * 32,), work, places)
    table.write(head)
    return tasks.Tasks(table, head)


def test_short_tasks_are_not_each_told_of(made: tasks.Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int, str]] = []
    clock = [100.0]
    monkeypatch.setattr(share, "say", lambda *word: told.append(word))
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    for running in (0, 1, 0, 1):
        made._say(running)
    assert told == [(0, 1, "night")]
    clock[0] += tasks.LOOK
    made._say(1)
    assert told[1:] == [(1, 1, "night")], "what changed is told soon"
    clock[0] += tasks.LOOK
    made._say(1)
    assert len(told) == 2, "and once"
    clock[0] += tasks._SAY_AGAIN
    made._say(1)
    assert len(told) == 3, "but for a place that is a new one"


def test_what_waits_at_a_worker_counts_as_waiting(made: tasks.Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the hub would think at a cohort's end that fewer workers are needed than it has tasks."""
    told: list[tuple[int, int, str]] = []
    monkeypatch.setattr(share, "say", lambda *word: told.append(word))
    made._say(2, ahead=2)
    assert told == [(2, 3, "night")]
