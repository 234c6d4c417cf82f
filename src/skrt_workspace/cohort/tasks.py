"""The tasks of one cohort that are left, whoever does them: which come next, and what becomes of those that die."""

from __future__ import annotations

import time
from collections import deque

from skrt_workspace.cohort import share, task
from skrt_workspace.cohort.table import RUN, CohortError, Head, Table

TRIES = 3
"""How often a task that was killed is begun. One that raised an exception is not tried again: it would do so again."""
LOOK = 0.5
"""Seconds between two looks at what has changed."""
_SAY_AGAIN = 5.0
"""Seconds after which the same is said once more: the place where it stands may be a new one."""
_NO_ROOM = 20.0


class Tasks:
    """The tasks of one cohort that are left, whoever does them."""

    def __init__(self, table: Table, head: Head) -> None:
        self._table, self._head = table, head
        self._stamp = _stamp(table)
        self._deaths: dict[str, int] = {}
        self._work = table.read_work(head)
        self._common = self._work[: min((start for start, _ in head.places), default=len(self._work))]
        self._places = dict(zip(head.keys, head.places, strict=True))
        self._labels = dict(zip(head.keys, head.labels, strict=True))
        self._waiting: deque[str] = deque(table.waiting(head))
        self._said, self._said_at = (-1, -1), 0.0

    def _patient(self, key: str) -> memoryview:
        start, size = self._places[key]
        return self._work[start : start + size]

    def _goes_on(self, running: int) -> bool:
        if _stamp(self._table) != self._stamp:
            self._stamp = _stamp(self._table)
            try:
                changed = self._table.head()
            except CohortError:
                return False
            same = (changed.keys, changed.work) == (self._head.keys, self._head.work)
            if not same or changed.state != RUN:
                return False
        if not self._waiting and not running:
            self._waiting.extend(self._table.waiting(self._head))  # somebody may have asked for another try
        return bool(self._waiting or running)

    def _died(self, key: str, begun: float, code: int) -> None:
        """A task ended without a result and without an error: killed, or the disk is full."""
        deaths = self._deaths[key] = self._deaths.get(key, 0) + 1
        if deaths < TRIES:
            self._waiting.append(key)
            return
        words = task.killed_words(code, TRIES)
        try:
            facts = task.error_facts(self._labels[key], words, seconds=time.monotonic() - begun, tries=deaths)
            self._table.keep_error(key, facts)
        except OSError:  # no room on the disk: nothing can be kept until there is some
            self._waiting.append(key)
            time.sleep(_NO_ROOM)

    def _say(self, running: int, ahead: int = 0) -> None:
        """Leave word, but not for each of many short tasks: to replace a file takes as long as to begin one.

        `ahead`: tasks that are handed over and wait all the same.
        """
        word, age = (running, len(self._waiting) + ahead), time.monotonic() - self._said_at
        if (word != self._said and age >= LOOK) or age >= _SAY_AGAIN:
            share.say(*word, self._head.name)
            self._said, self._said_at = word, time.monotonic()

    def _tries(self, key: str) -> int:
        return self._deaths.get(key, 0) + 1


def _stamp(table: Table) -> tuple[int, int]:
    try:
        found = table.file.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns
