"""A lock on a place for saved copies that is kept in the place itself: one object, changed only where nobody else did.

Many may hold it shared (restore, verify, compare), or one alone (save). A holder renews its part every 20 seconds. Who
wants the lock and finds a holder that may be dead watches it: where nothing was renewed for a minute, it is passed
over. No clock of another machine is trusted. A holder that was held up (a laptop that slept) does nothing more before
it has renewed its part, and ends where somebody else has passed it over.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from skrt_hub.errors import BusyError, CopyError

_BEFORE = 6 * 3600.0  # skrt-hubs of before did not renew, and passed each other over after this time
_TRIES = 20


class Conditional(Protocol):
    """One object of a storage that writes only where nobody else did. Methods raise CopyError for other faults."""

    label: str

    def read(self) -> tuple[bytes, str, float] | None:
        """Its content, its tag, and how many seconds ago it seems to have been written; None where there is none."""

    def write(self, data: bytes, tag: str | None) -> bool:
        """Write it where it still has this tag (None: where there is none); False, with nothing done, where not."""


Change = Callable[[dict[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True)
class Pace:
    """Seconds: between renewals, of silence after which a holder is passed over, and that a renewal may be trusted."""

    renew: float = 20.0
    silent: float = 60.0
    trusted: float = 40.0


class Held:
    """A lock that is held, and renewed by a thread of its own."""

    def __init__(self, place: Conditional, identity: str, taken: float, pace: Pace) -> None:
        self._place = place
        self._identity = identity
        self._pace = pace
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._lost = False
        self._confirmed = taken
        self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)
        self._thread.start()

    def confirm(self) -> None:
        """Raise CopyError where the lock was lost. Called before each change of the place."""
        if _now() - self._confirmed > self._pace.trusted and not self._lost:
            self._renew()
        if self._lost or _now() - self._confirmed > self._pace.trusted:
            raise CopyError(
                f"The copies in {self._place.label} were taken over by another command.",
                why="This one was held up for so long that it seemed dead.",
                remedy="Run the same command again: what it wrote is whole, and is not written twice.",
            )

    def release(self) -> None:
        """Let others in. Nothing is raised: a lock that cannot be given back is passed over."""
        self._over.set()
        self._thread.join()
        with contextlib.suppress(CopyError):
            _change(self._place, self._without_me)

    def _keep(self) -> None:
        while not self._over.wait(self._pace.renew) and not self._lost:
            with contextlib.suppress(CopyError):  # no way to the storage now; `confirm` knows how long that may last
                self._renew()

    def _renew(self) -> None:
        with self._turn:
            began = _now()
            if _change(self._place, self._with_me):
                self._confirmed = began
            else:
                self._lost = True

    def _with_me(self, holders: dict[str, Any]) -> dict[str, Any] | None:
        if self._identity not in holders:
            return None
        mine = holders[self._identity]
        return {**holders, self._identity: {**mine, "renewed": mine["renewed"] + 1, "time": _clock()}}

    def _without_me(self, holders: dict[str, Any]) -> dict[str, Any] | None:
        return (
            {name: it for name, it in holders.items() if name != self._identity} if self._identity in holders else None
        )


@contextlib.contextmanager
def held(place: Conditional, *, shared: bool, pace: Pace) -> Iterator[Held]:
    """Hold the lock. Raises BusyError where somebody alive has it, CopyError where the storage cannot be used."""
    identity = secrets.token_hex(8)
    lock = Held(place, identity, _take(place, identity, shared=shared, pace=pace), pace)
    try:
        yield lock
    finally:
        lock.release()


def _take(place: Conditional, identity: str, *, shared: bool, pace: Pace) -> float:
    """Become a holder; since when."""
    mine = {"shared": shared, "renewed": 0, "time": _clock(), "host": socket.gethostname(), "pid": os.getpid()}
    for _ in range(_TRIES):
        found = place.read()
        holders = _holders(found[0]) if found else {}
        others = {name: it for name, it in holders.items() if not (shared and it["shared"])}
        if others:
            assert found is not None
            dead = _dead(place, others, found[2], pace)
            if dead != set(others):
                raise _busy(place, others)
            holders = {name: it for name, it in holders.items() if name not in dead}
        began = _now()
        if place.write(_document({**holders, identity: mine}), found[1] if found else None):
            return began
        if (again := place.read()) and identity in _holders(again[0]):
            return began  # it was written, and the answer was lost
    raise _busy(place, {})


def _dead(place: Conditional, others: dict[str, Any], age: float, pace: Pace) -> set[str]:
    """Those of the holders who renew nothing while they are watched. Nobody is watched who seems alive."""
    if any("before" in it for it in others.values()):
        return set(others) if age > _BEFORE else set()
    if 0 <= age < pace.silent:  # negative: one of the two clocks is wrong
        return set()
    end = _now() + pace.silent
    silent = dict(others)
    while silent and _now() < end:
        time.sleep(min(pace.renew, pace.silent) / 4)
        found = place.read()
        now = _holders(found[0]) if found else {}
        silent = {name: it for name, it in silent.items() if now.get(name, it)["renewed"] == it["renewed"]}
    return set(silent)


def _change(place: Conditional, how: Change) -> bool:
    """Change the holders with `how`, which gives None where that makes no sense any more: then False."""
    for _ in range(_TRIES):
        found = place.read()
        new = how(_holders(found[0])) if found else None
        if found is None or new is None:
            return False
        if place.write(_document(new), found[1]):
            return True
        time.sleep(secrets.randbelow(50) / 1000)
    raise CopyError(f"The lock in {place.label} is changed by others all the time.")


def _holders(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
        if "holders" in document:
            return {
                str(name): {**it, "shared": bool(it["shared"]), "renewed": int(it["renewed"])}
                for name, it in document["holders"].items()
            }
        return {str(document["owner"]): {"shared": False, "renewed": 0, "before": True}}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # nobody can hold it by what nobody can read


def _document(holders: dict[str, Any]) -> bytes:
    return json.dumps({"holders": holders}, indent=1).encode()


def _busy(place: Conditional, others: dict[str, Any]) -> BusyError:
    known = [it for it in others.values() if "host" in it]
    who = "; ".join(f"on {it['host']}, pid {it['pid']}, last heard of at {it['time']}" for it in known)
    return BusyError(
        f"Another skrt-hub command works on the copies in {place.label}.",
        why=f"It runs {who}." if who else "",
        remedy="Wait for its end, then run the command again. One that was killed is passed over within minutes.",
    )


def _clock() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _now() -> float:
    """Seconds that go on while the machine sleeps."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
