"""What a person is told of the seats that are made ready: the same on both targets, from what their keeper wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from skrt_hub.policy import seats as rules
from skrt_hub.settings.seats import Seats

SILENT = 180.0
"""Seconds without a word of the keeper after which it is told that it does not work."""


@dataclass(frozen=True)
class MadeReady:
    """One server that was started before its person came: starting, ready, came, let go, ended or failed."""

    name: str
    state: str
    since: str


@dataclass(frozen=True)
class SeatsTold:
    """hub.yaml's times, the last occasion and the next, with the time zone, and everybody's seat at the last.

    `left`: how many are not started yet; `full`: there is no room for them.
    """

    times: tuple[str, ...]
    time_zone: str
    occasion: str = ""
    next: str = ""
    seats: tuple[MadeReady, ...] = ()
    left: int = 0
    full: bool = False
    problem: str = ""

    @property
    def sentence(self) -> str:
        """The whole in one line; nothing where no seat was ever made ready and none will be."""
        if not self.occasion:
            return f"Seats are made ready for {self.next}." if self.next else ""
        return f"Seats made ready for {self.occasion}: {', '.join(self.parts) or 'none'}."

    @property
    def parts(self) -> tuple[str, ...]:
        """How many there are of each kind."""
        found = [(count, state) for state in _WORDS if (count := self.count(state))]
        words = [f"{count} {_WORDS[state]}" for count, state in found]
        if self.left:
            words.append(f"{self.left} {'without room' if self.full else 'to be started'}")
        return tuple(words)

    def count(self, state: str) -> int:
        """How many seats are in this state."""
        return sum(seat.state == state for seat in self.seats)


_WORDS = {
    rules.READY: "ready",
    rules.STARTING: "starting",
    rules.CAME: "taken",
    rules.LET_GO: "let go, because nobody came",
    rules.GONE: "ended",
    rules.FAILED: "failed",
}


def told(settings: Seats, document: Any, now: float, *, runs: bool) -> SeatsTold:
    """What `document`, which the keeper wrote, says. `runs`: whether the hub does, and the keeper should."""
    times, zone = settings.ready, settings.time_zone
    if not isinstance(document, Mapping):
        return SeatsTold(times, zone)
    zone = str(document.get("zone") or "UTC")
    occasion, following = document.get("for"), document.get("next")
    problem = ""
    if times and document.get("people") == 0:
        problem = "hub.yaml's `seats` has times, but there is nobody for whom: see `for` there, and `participants`."
    if runs and now - float(document.get("looked") or 0) > SILENT:
        problem = "What makes seats ready has not been heard of for minutes. See: skrt-hub logs hub"
    return SeatsTold(
        times,
        zone,
        "" if occasion is None else rules.in_words(occasion, zone),
        "" if following is None else rules.in_words(following, zone),
        tuple(
            MadeReady(name, seat["state"], datetime.fromtimestamp(seat["since"], UTC).isoformat(timespec="seconds"))
            for name, seat in sorted(document.get("seats", {}).items())
        ),
        int(document.get("left", 0)),
        bool(document.get("full")),
        problem,
    )
