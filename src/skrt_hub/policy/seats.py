"""Which servers are started before their people come, and which of them are let go: pure rules, for both targets.

An occasion is a time at which the seats are to be ready: one of hub.yaml's `seats.ready`, or the moment at which
`skrt-hub seats ready` was typed. At each occasion everybody gets at most one such server.

This file stands alone (standard library only): the Kubernetes target hands it to the chart's hub as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
STARTING, READY, CAME, LET_GO, GONE, FAILED = "starting", "ready", "came", "let go", "ended", "failed"
_WATCHED = (STARTING, READY)
_OWN_ACTIVITY = 15.0
"""Seconds after its start in which what a server does is its own: a kernel that begins counts as activity."""
_LOST = 20.0
"""Seconds after which a start of which the hub knows nothing has failed."""
_HEAD_START = 60.0
_LONGEST_REST = 10.0


@dataclass(frozen=True)
class Order:
    """What hub.yaml's `seats` says, and the pace: so many starts at once, each taking so many seconds at most.

    `ready` holds a day (one of DAYS, or a date such as 2026-10-05) and a time each; without `groups` everybody on the
    list has a seat.
    """

    ready: tuple[tuple[str, str], ...] = ()
    zone: str = "UTC"
    keep: float = 1800.0
    groups: tuple[str, ...] = ()
    at_once: int = 1
    each: float = 4.0

    def lead(self, people: int) -> float:
        """How many seconds before the time the first server is started."""
        return _HEAD_START + people * self.each / max(1, self.at_once)


@dataclass(frozen=True)
class Seat:
    """How it stands with the server that was started for one person, and since when."""

    state: str
    since: float


@dataclass(frozen=True)
class State:
    """The last occasion and its seats. `asked`: when the command was typed last; `rest`: no start before this time."""

    occasion: float | None = None
    seats: Mapping[str, Seat] = field(default_factory=dict)
    rest: float = 0.0


@dataclass(frozen=True)
class Server:
    """A server as the hub tells of it: whether it answers already, and when its person or itself did something."""

    ready: bool
    active: float = 0.0


@dataclass(frozen=True)
class Facts:
    """What is so now. `people`: who may have a seat, in order; `room`: how many more servers fit (None: unknown)."""

    now: float
    people: tuple[str, ...]
    servers: Mapping[str, Server]
    closed: bool = False
    room: int | None = None
    asked: float | None = None


@dataclass(frozen=True)
class Step:
    """What is to be done now, and the state afterwards. `left`: for how many nothing was started yet."""

    state: State
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    left: int = 0
    full: bool = False


def decide(order: Order, state: State, facts: Facts) -> Step:
    """One look: follow the seats there are, let go of those that nobody took, start the next."""
    found = occasion(order, facts)
    seats = {name: _followed(seat, facts.servers.get(name), facts) for name, seat in state.seats.items()}
    rest = max([state.rest, *_rests(state.seats, seats, facts.now)])
    if found is not None and found != state.occasion:
        # Whoever has not come to the last one may come to this one: that server is theirs still.
        seats = {name: seat for name, seat in seats.items() if seat.state in _WATCHED}
    time = state.occasion if found is None else found
    ends = tuple(name for name, seat in seats.items() if _nobody_came(seat, time, order, facts))
    seats.update({name: Seat(LET_GO, facts.now) for name in ends})
    if found is None or facts.closed:
        return Step(State(time, seats, rest), end=ends)
    waiting = [name for name in facts.people if name not in seats and name not in facts.servers]
    busy = sum(seat.state == STARTING for seat in seats.values())
    room = len(waiting) if facts.room is None else max(0, facts.room - busy)
    pace = max(0, order.at_once - busy) if facts.now >= rest else 0
    starts = tuple(waiting[: min(pace, room)])
    seats.update({name: Seat(STARTING, facts.now) for name in starts})
    return Step(State(time, seats, rest), starts, ends, len(waiting) - len(starts), full=bool(waiting) and room == 0)


def occasion(order: Order, facts: Facts) -> float | None:
    """The occasion that seats are made ready for now: the latest that is near enough, or was asked for."""
    times = list(moments(order, facts.now))
    lead = order.lead(len(facts.people))
    near = [time for time in times if time - lead <= facts.now < time + order.keep]
    if facts.asked is not None and facts.asked <= facts.now < facts.asked + order.keep:
        near.append(facts.asked)
    return max(near, default=None)


def following(order: Order, now: float) -> float | None:
    """The next time of hub.yaml."""
    return min((time for time in moments(order, now) if time > now), default=None)


def moments(order: Order, now: float) -> Iterator[float]:
    """The times of hub.yaml a week around now, and the dates, in seconds since 1970."""
    zone = ZoneInfo(order.zone) if order.ready else None
    today = datetime.fromtimestamp(now, zone).date()
    for day, at in order.ready:
        days = [today + timedelta(days=number) for number in range(-7, 9)]
        chosen = [one for one in days if one.weekday() == DAYS.index(day)] if day in DAYS else [date.fromisoformat(day)]
        for one in chosen:
            yield datetime.combine(one, clock_time.fromisoformat(at), zone).timestamp()


def is_starting(document: Any, name: str) -> bool:
    """Whether this server is one that is made ready, by what `as_document` wrote: its first kernel is, too."""
    seats = document.get("seats") if isinstance(document, dict) else None
    seat = seats.get(name) if isinstance(seats, dict) else None
    return isinstance(seat, dict) and seat.get("state") == STARTING


# As a document, for the next start of the program and for `status`


def as_document(order: Order, step: Step, facts: Facts) -> dict[str, Any]:
    """The state and what `status` tells of it, for a JSON file."""
    state = step.state
    return {
        "zone": order.zone,
        "for": state.occasion,
        "next": following(order, facts.now),
        "seats": {name: {"state": seat.state, "since": seat.since} for name, seat in sorted(state.seats.items())},
        "left": step.left,
        "full": step.full,
        "rest": state.rest,
        "people": len(facts.people),
    }


def from_document(document: Any) -> State:
    """The state that was written; a new one where it cannot be read."""
    try:
        seats = {name: Seat(str(seat["state"]), float(seat["since"])) for name, seat in document["seats"].items()}
        time = document["for"]
        return State(None if time is None else float(time), seats, float(document["rest"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return State()


def counted(document: Mapping[str, Any]) -> dict[str, int]:
    """How many seats are in each state."""
    counts = dict.fromkeys((STARTING, READY, CAME, LET_GO, GONE, FAILED), 0)
    for seat in document.get("seats", {}).values():
        if seat["state"] in counts:
            counts[seat["state"]] += 1
    return counts


def in_words(moment: float | None, zone: str) -> str:
    """A time as people of this zone say it, with the zone."""
    if moment is None:
        return "-"
    when = datetime.fromtimestamp(moment, ZoneInfo(zone))
    return f"{DAYS[when.weekday()]} {when:%Y-%m-%d %H:%M} ({zone})"


# One seat


def _followed(seat: Seat, server: Server | None, facts: Facts) -> Seat:
    if seat.state == STARTING:
        if server is not None and server.ready:
            return Seat(READY, facts.now)
        lost = server is None and facts.now - seat.since > _LOST
        return Seat(FAILED, facts.now) if lost else seat
    if seat.state != READY:
        return seat
    if server is None:
        return Seat(GONE, facts.now)
    if server.active > seat.since + _OWN_ACTIVITY:
        return Seat(CAME, facts.now)
    # While nobody can come nobody is late.
    return replace(seat, since=facts.now) if facts.closed else seat


def _nobody_came(seat: Seat, occasion_time: float | None, order: Order, facts: Facts) -> bool:
    if seat.state != READY or facts.closed:
        return False
    return facts.now >= max(seat.since, occasion_time or 0.0) + order.keep


def _rests(before: Mapping[str, Seat], after: Mapping[str, Seat], now: float) -> Iterator[float]:
    """After each start a pause as long as the start: a machine that is busy with others gets half of its time free."""
    for name, seat in after.items():
        if seat.state == READY and name in before and before[name].state == STARTING:
            yield now + min(_LONGEST_REST, now - before[name].since)
