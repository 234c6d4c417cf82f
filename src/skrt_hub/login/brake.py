"""Makes guessing slow, and locks nobody out: tries are counted by name and by where they come from.

A try is counted before it is weighed, and given back where it was right, so that many at once count as many. A browser
that has logged in with a name before is counted by itself: others' wrong tries at that name do not hold it up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

FREE_TRIES = 5
LONGEST_WAIT = 300.0
_FORGOTTEN_AFTER = 3600.0
# A whole class may sit behind one address, and mistype; a list of names tried from one address is something else.
_FREE_FROM_ONE_PLACE = 150
# Tries at one name from many places.
_FREE_AT_ONE_NAME = 60
_MOST_KEPT = 20_000
_ONES_OWN = 64  # bits of an IPv6 address that say whose network it is


def place_of(address: str) -> str:
    """Where tries from this address come from: with IPv6 everybody has a whole network of addresses."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or ip_network((found, _ONES_OWN), strict=False))


@dataclass
class _Count:
    tries: int = 0
    last: float = 0.0
    free: int = FREE_TRIES

    def wait(self, now: float) -> float:
        if self.tries < self.free:
            return 0.0
        return max(0.0, self.last + min(LONGEST_WAIT, 2.0 ** min(self.tries - self.free, 20)) - now)


@dataclass
class Brake:
    """The wrong tries of the last hour."""

    clock: Callable[[], float] = time.monotonic
    _counts: dict[tuple[str, str], _Count] = field(default_factory=dict)

    def begin(self, name: str, place: str, *, known: bool = False) -> float:
        """Count one try at `name` from `place`. Returns the seconds to wait, and until then it must not be weighed.

        `known`: `place` is a browser that has logged in with this name before. No name: it is not yet known whose.
        """
        now = self.clock()
        counts = [self._count(key, free, now) for key, free in _keys(name, place, known)]
        pause = max(count.wait(now) for count in counts)
        if pause > 0:
            return pause
        for count in counts:
            count.tries += 1
            count.last = now
        return 0.0

    def passed(self, name: str, place: str, *, known: bool = False) -> None:
        """The try was right: it is given back, and the wrong ones at this name from this place are forgotten."""
        for key, _ in _keys(name, place, known):
            if name and key == (name, place):
                self._counts.pop(key, None)
            elif key in self._counts:
                self._counts[key].tries -= 1

    def clear(self, name: str) -> None:
        """Forget every wrong try at this name."""
        for key in [key for key in self._counts if key[0] == name]:
            del self._counts[key]

    def under_attack(self) -> dict[str, dict[str, int]]:
        """The names that somebody has to wait for: how many wrong tries, from how many places."""
        now = self.clock()
        found: dict[str, dict[str, int]] = {}
        for (name, place), count in self._counts.items():
            if name and place and count.tries >= count.free and now - count.last < _FORGOTTEN_AFTER:
                seen = found.setdefault(name, {"tries": 0, "places": 0})
                seen["tries"] += count.tries
                seen["places"] += 1
        return found

    def _count(self, key: tuple[str, str], free: int, now: float) -> _Count:
        count = self._counts.get(key)
        if count is None or now - count.last > _FORGOTTEN_AFTER:
            if len(self._counts) >= _MOST_KEPT:  # an outsider tries many names: forget the oldest
                del self._counts[next(iter(self._counts))]
            self._counts.pop(key, None)
            count = self._counts[key] = _Count(free=free, last=now)
        return count


def _keys(name: str, place: str, known: bool) -> list[tuple[tuple[str, str], int]]:
    if not name:
        return [(("", place), _FREE_FROM_ONE_PLACE)]
    own = ((name, place), FREE_TRIES)
    if known:
        return [own]
    return [own, ((name, ""), _FREE_AT_ONE_NAME), (("", place), _FREE_FROM_ONE_PLACE)]
