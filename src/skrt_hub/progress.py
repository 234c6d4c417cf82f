"""Progress of long work, shown with rich on a terminal and as plain lines elsewhere.

Rooms that work long take a `Progress`; they never print.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


class Step(Protocol):
    """One piece of long work."""

    def update(self, done: float | None = None, total: float | None = None, note: str = "") -> None:
        """Tell how much of `total` is done (any unit), or what is being worked on."""


class Progress(Protocol):
    """Where long work is reported."""

    def step(self, title: str) -> AbstractContextManager[Step]:
        """A context in which one piece of work, named `title`, is done."""

    def say(self, line: str) -> None:
        """Show one line that stays."""


class Silent:
    """Reports nothing: for --json, and for work in the background."""

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        yield self

    def update(self, done: float | None = None, total: float | None = None, note: str = "") -> None:
        pass

    def say(self, line: str) -> None:
        pass


class Shown:
    """Reports on a console: moving bars on a terminal, one line a finished step elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        if not self._console.is_terminal:
            started = time.monotonic()
            yield Silent()
            self._console.print(f"{title}: done in {time.monotonic() - started:.1f} s", highlight=False)
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn())
        with RichProgress(*columns, TextColumn("[dim]{task.fields[note]}"), console=self._console) as bars:
            task = bars.add_task(title, total=None, note="")
            yield _Bar(bars, task)
            bars.update(task, total=1, completed=1, note="")

    def say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)


class _Bar:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def update(self, done: float | None = None, total: float | None = None, note: str = "") -> None:
        self._bars.update(self._task, completed=done, total=total, note=note)
