"""What strangers can cause as often as they like is written into the log a few times a minute, and then counted.

It looks at warnings and worse, by the line of code that writes them: so there are no more kinds than such lines, and
nothing that a request says makes a new one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

TOLD_IN_A_MINUTE = 60
_MINUTE = 60.0
_Line = tuple[str, int, int]


@dataclass
class _Seen:
    since: float
    first: str
    told: int = 0
    more: int = 0


class Tally(logging.Filter):
    """A filter for what writes a log; `say` writes one line of its own."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._say, self._clock = say, clock
        self._seen: dict[_Line, _Seen] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written down one by one."""
        if record.levelno < logging.WARNING:
            return True
        line = (record.pathname, record.lineno, record.levelno)
        seen = self._seen.get(line)
        if seen is None or self._over(seen):
            self._tell(line)
            seen = self._seen[line] = _Seen(self._clock(), record.getMessage()[:100])
        if seen.told >= TOLD_IN_A_MINUTE:
            seen.more += 1
            return False
        seen.told += 1
        return True

    def end_minutes(self) -> None:
        """Say how many were only counted in each minute that is over; called now and then."""
        for line in [line for line, seen in list(self._seen.items()) if self._over(seen)]:
            self._tell(line)

    def watch(self, log: logging.Logger | None) -> None:
        """Look at everything that is written through this logger and those below it."""
        while log is not None:
            for handler in log.handlers:
                handler.addFilter(self)
            log = log.parent if log.propagate else None

    def _over(self, seen: _Seen) -> bool:
        return self._clock() - seen.since >= _MINUTE

    def _tell(self, line: _Line) -> None:
        seen = self._seen.pop(line, None)
        if seen is not None and seen.more:
            self._say(f"{seen.more} more within a minute like: {seen.first}")
