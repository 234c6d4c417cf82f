"""How many people a machine seats, from what was measured while more and more of them worked: pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

PATIENCE = 4.0
"""A notebook that takes more than this many times as long as for somebody alone is too slow to teach with."""

_MARGIN = 1.5  # between what the notebook took at most and the limit that ends a kernel
_HALF_GB = 500 * 10**6
_SMALLEST_LIMIT = 256 * 10**6  # what hub.yaml accepts for limits.memory


@dataclass(frozen=True)
class Step:
    """So many people ran the notebook at the same time: bytes of each at most, bytes left, seconds it took."""

    people: int
    memory_each: float
    memory_left: float
    seconds: float
    failures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seats:
    """The answer: how many, what ends first, and the limit of memory that the notebook asks for (bytes)."""

    people: int
    ends_first: str
    by_memory: int
    by_time: int | None
    memory_limit: int


def seats(steps: Sequence[Step], *, available: int, reserved: int) -> Seats:
    """How many fit: `available` bytes were free before anybody came, `reserved` of them are kept for the system."""
    tried = steps[-1].people
    each = max(step.memory_each for step in steps)
    by_memory = max(0, int((available - reserved) // each)) if each > 0 else tried
    good = [step for step in steps if not step.failures]
    alone = steps[0].seconds
    slow = [step for step in good if step.seconds > PATIENCE * alone]
    quick = [step.people for step in good if step.seconds <= PATIENCE * alone]
    by_time = _between(good, PATIENCE * alone) if slow else None
    failed = [step.people for step in steps if step.failures]
    candidates = {"memory": by_memory}
    if by_time is not None:
        candidates["the processors"] = by_time
    if failed:
        candidates["something that failed"] = max(quick, default=0)
    first = min(candidates, key=lambda name: candidates[name])
    people = candidates[first]
    if first == "memory" and by_memory > tried:
        people, first = tried, "the number that was tried"
    return Seats(people, first, by_memory, by_time, _rounded_up(_MARGIN * each))


def _between(steps: Sequence[Step], longest: float) -> int:
    """Where the time crosses `longest`, on the line between the last quick step and the first slow one."""
    quick = max((step for step in steps if step.seconds <= longest), key=lambda step: step.people)
    slow = min((step for step in steps if step.seconds > longest), key=lambda step: step.people)
    share = (longest - quick.seconds) / (slow.seconds - quick.seconds)
    return max(quick.people, math.floor(quick.people + share * (slow.people - quick.people)))


def _rounded_up(size: float) -> int:
    """The next multiple of half a GB; below that, of 256 MB at least."""
    if size <= _SMALLEST_LIMIT:
        return _SMALLEST_LIMIT
    return math.ceil(size / _HALF_GB) * _HALF_GB


def next_group(present: int, most: int) -> int:
    """How many are there in the next step: twice as many, and the last step has exactly `most`."""
    return min(most, max(1, 2 * present))


def may_go_on(steps: Sequence[Step], following: int, *, reserved: int) -> bool:
    """Whether the next step is safe to try: its memory fits twice over what it is expected to take, nothing failed."""
    last = steps[-1]
    expected = (following - last.people) * last.memory_each
    slow = last.seconds > PATIENCE * steps[0].seconds
    return not last.failures and not slow and last.memory_left - expected > reserved
