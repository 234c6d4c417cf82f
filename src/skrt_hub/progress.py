"""Progress of long work, shown with rich on a terminal and as plain lines elsewhere.

Rooms that work long take a `Progress`; they never print.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.markup import escape
from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from skrt_hub.terminal import PrintableConsole

_LINE_EVERY = 30.0  # seconds between lines about one step, where no bar can move
_TOO_EARLY = 3.0  # seconds; before, nothing can be said about the time that is left


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
    """Reports on a console: moving bars on a terminal; elsewhere one line a finished step, and some of a long one."""

    def __init__(self, console: PrintableConsole) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        if not self._console.is_terminal:
            started = time.monotonic()
            yield _Lines(self, title)
            self.say(f"{title}: done in {time.monotonic() - started:.1f} s")
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn())
        more = (_TimeLeft(), TextColumn("[dim]{task.fields[note]}", markup=True))
        with RichProgress(*columns, *more, console=self._console) as bars:
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
        self._bars.update(self._task, completed=done, total=total, note=escape(note))


class _TimeLeft(ProgressColumn):
    def render(self, task: Task) -> Text:
        """How long it may still take, once that can be told."""
        early = task.finished or task.elapsed is None or task.elapsed < _TOO_EARLY
        return Text("" if early or task.time_remaining is None else time_left(task.time_remaining))


class _Lines:
    """A step that is told in lines, the first one after `_LINE_EVERY` seconds."""

    def __init__(self, shown: Shown, title: str) -> None:
        self._shown = shown
        self._title = title
        self._began = self._last = time.monotonic()

    def update(self, done: float | None = None, total: float | None = None, note: str = "") -> None:
        now = time.monotonic()
        if now - self._last < _LINE_EVERY:
            return
        self._last = now
        how_far = ""
        if done and total:
            how_far = f" {done / total:.0%}, {time_left((now - self._began) * (total - done) / done)}"
        self._shown.say(f"{self._title}:{how_far}{f' ({note})' if note else ''}")


def time_left(seconds: float) -> str:
    """In words, no more exact than it can be known."""
    if seconds < 60:
        return f"about {max(5, 5 * round(seconds / 5))} s left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"
