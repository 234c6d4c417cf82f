"""The marks of log-ins that were begun, each of which is good for one time; constant time, bounded memory."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LASTS = 15 * 60.0
"""Seconds for which a log-in that was begun can come back."""
_MOST_KEPT = 20_000
_LONGEST = 2000


def mark_in(state: str) -> str:
    """The mark in what oauthenticator sends along; empty for anything else that somebody may send."""
    try:
        found = json.loads(base64.urlsafe_b64decode(state[:_LONGEST].encode("ascii")))
        return str(found["state_id"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


@dataclass
class Used:
    """The marks that were used. With too many the oldest is forgotten: a provider takes its own answer only once."""

    clock: Callable[[], float] = time.monotonic
    _ends: dict[str, float] = field(default_factory=dict)

    def first_time(self, mark: str) -> bool:
        """Whether the mark is used for the first time."""
        now = self.clock()
        while self._ends and (len(self._ends) >= _MOST_KEPT or next(iter(self._ends.values())) <= now):
            del self._ends[next(iter(self._ends))]  # they stand in the order of their ends
        first = mark not in self._ends
        self._ends.setdefault(mark, now + LASTS)
        return first
