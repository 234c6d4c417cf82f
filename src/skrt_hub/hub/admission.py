"""Who starts when, and how many fit: starts in the order of arrival, a few at a time, and none beyond the memory.

A start that has to wait is told its place; what does not fit is refused in words before the machine runs out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from skrt_hub import policy

# What a participant is taken to need before any server of this hub has been measured: a server and a kernel with the
# libraries imported, and an image or two. Forked ones share most of it; a plain start does not.
FIRST_GUESS = 200 * 10**6
# Kept free for the system, the hub, and those whose work grows: this share of all memory, and never less than this.
_RESERVED_SHARE = 0.08
_RESERVED_LEAST = 500 * 10**6


@dataclass(frozen=True)
class Room:
    """How many servers run or start now, and how many fit altogether."""

    taken: int
    seats: int

    @property
    def full(self) -> bool:
        """Whether one more would not fit."""
        return self.taken >= self.seats


@dataclass(frozen=True)
class Memory:
    """Bytes: of the machine, free for programs, and what a server here takes on average (None: none measured yet)."""

    total: int
    available: int
    each: float | None


def room(memory: Memory, *, running: int, starting: int, limit: int) -> Room:
    """The room for servers. `limit` is `limits.servers`: 0 means as many as the memory seats.

    Those that are just starting have not taken their memory yet, so it is set aside for them.
    """
    each = max(memory.each or 0.0, FIRST_GUESS / 4) if memory.each else float(FIRST_GUESS)
    seats = running + max(0, int((memory.available - reserved_memory(memory.total)) // each))
    taken = running + starting
    return Room(taken, min(seats, limit) if limit else seats)


def reserved_memory(total: int) -> int:
    """Bytes that are never given to participants, on a machine with `total` bytes."""
    return int(max(_RESERVED_LEAST, _RESERVED_SHARE * total))


def refusal(found: Room, idle: int) -> str:
    """What is told to somebody for whom there is no seat; `idle` is `limits.idle` in seconds."""
    frees = f" {words}" if (words := policy.idle.in_words(idle)) else ""
    return f"This machine seats {found.seats}, and all seats are taken. Try again when somebody has left.{frees}"


@dataclass(eq=False)
class Ticket:
    """One start that waits for its turn."""

    name: str
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Queue:
    """Starts in the order in which they were asked for, at most `slots` at the same time."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._waiting: deque[Ticket] = deque()
        self._started: set[Ticket] = set()

    def names(self) -> set[str]:
        """Who is being started or waits for it."""
        return {ticket.name for ticket in (*self._waiting, *self._started)}

    def before(self, name: str) -> int | None:
        """How many wait before this one; None when it does not wait."""
        return next((place for place, ticket in enumerate(self._waiting) if ticket.name == name), None)

    @contextlib.asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """A context in which this one may start; entering it waits for those who came before."""
        ticket = Ticket(name)
        self._waiting.append(ticket)
        self._admit()
        try:
            await ticket.turn.wait()
            yield
        finally:
            self._started.discard(ticket)
            with contextlib.suppress(ValueError):
                self._waiting.remove(ticket)
            self._admit()

    def _admit(self) -> None:
        while self._waiting and len(self._started) < self._slots:
            ticket = self._waiting.popleft()
            self._started.add(ticket)
            ticket.turn.set()


def slots(cpus: int) -> int:
    """How many starts at the same time keep the processors busy and still leave a running notebook its share."""
    return 2 * cpus


def waiting_words(before: int | None) -> str:
    """The line on the waiting page."""
    if before is None:
        return "Your server is starting."
    if before == 0:
        return "Yours is the next server to start."
    return f"{before} {'person is' if before == 1 else 'people are'} before you."


async def places(queue: Queue, name: str, *, pause: float = 0.5) -> AsyncIterator[str]:
    """The waiting page's lines, one each time the place changes, until the start itself begins."""
    told: str | None = None
    while True:
        before = queue.before(name)
        words = waiting_words(before)
        if words != told:
            yield words
            told = words
        if before is None:
            return
        await asyncio.sleep(pause)
