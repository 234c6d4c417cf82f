"""Does one cohort: here, in processes forked from one that has loaded the function, or on the workers of an engine.

A result is on the disk before its task counts as done, so nothing is lost and nothing is done twice, whoever is killed
when.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from skrt_workspace import workers
from skrt_workspace.cohort import share, task
from skrt_workspace.cohort.table import Head, Table
from skrt_workspace.cohort.tasks import LOOK, Tasks


@dataclass
class Running:
    """A task that runs."""

    key: str
    begun: float


def do(table: Table, head: Head) -> None:
    """Do what is left of a cohort; returns when it is finished, cancelled or has been changed."""
    shutil.rmtree(table.scratch, ignore_errors=True)
    table.scratch.mkdir(parents=True, exist_ok=True)
    damaged = table.forget_damaged()
    if damaged:
        print(f"{head.name}: {damaged} damaged results are made again", file=sys.stderr, flush=True)
    if workers.engine():
        from skrt_workspace.cohort.away import Away  # noqa: PLC0415 - only where there is an engine

        Away(table, head).run()
        return
    try:
        here = Here(table, head)
    except BaseException as error:  # whatever a module of the participant's raises when it is loaded
        problem = task.last_words(error)
        labels = dict(zip(head.keys, head.labels, strict=True))
        for key in table.waiting(head):
            table.keep_error(key, task.error_facts(labels[key], f"The function could not be loaded: {problem}"))
        return
    here.run()


class Here(Tasks):
    """One cohort at work in this sandbox."""

    def __init__(self, table: Table, head: Head) -> None:
        super().__init__(table, head)
        self._function = task.Function(table, head, self._common)
        self._running: dict[int, Running] = {}
        self._left: list[Path] = []

    def run(self) -> None:
        """Go on until nothing is left."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            while self._goes_on(len(self._running)):
                self._begin()
                self._say(len(self._running))
                self._clear()
                signal.sigtimedwait({signal.SIGCHLD}, LOOK)
                self._end()
        finally:
            for pid in list(self._running):
                task.end(pid)
            self._clear()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})

    def _begin(self) -> None:
        most = max(share.at_once(self._head.at_once * max(1, self._head.threads)), 0)
        places = max(1, most // max(1, self._head.threads)) if most else 0
        alone = any(self._deaths.get(one.key) for one in self._running.values())
        while self._waiting and len(self._running) < places and not alone:
            again = bool(self._deaths.get(self._waiting[0]))
            if again and self._running:
                return  # what was killed for memory is tried again with nothing beside it
            key = self._waiting.popleft()
            pid = self._function.start(key, self._labels[key], self._patient(key), tries=self._tries(key))
            self._running[pid] = Running(key, time.monotonic())
            alone = again

    def _end(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            ended = self._running.pop(pid, None)
            if ended is None:
                continue
            task.end_group(pid)
            self._left.append(self._table.scratch / ended.key)
            if os.waitstatus_to_exitcode(status) != 0:
                self._clear()  # it may be begun again at once, in a folder of the same name
                self._died(ended.key, ended.begun, os.waitstatus_to_exitcode(status))

    def _clear(self) -> None:
        """Remove the temporary files of tasks that have ended, after others have begun in their places."""
        while self._left:
            shutil.rmtree(self._left.pop(), ignore_errors=True)
