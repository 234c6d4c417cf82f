"""What the participants' servers take of this machine's memory: looked at often enough for admission, and seldom enough
not to be felt."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from skrt_hub.hub.admission import Memory
from skrt_hub.hub.memory import children_by_parent, total
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive

_EVERY = 5.0
_SAMPLE = 6  # servers looked at each time: reading a process's share of its pages takes a millisecond


class Occupancy:
    """The servers of one hub that run, and the memory they take; measured at most every few seconds."""

    def __init__(self) -> None:
        self._servers: dict[str, ProcessIdentity] = {}
        self._each: float | None = None
        self._due = 0.0

    def came(self, name: str, identity: ProcessIdentity) -> None:
        """A server runs from now on."""
        self._servers[name] = identity

    def went(self, name: str) -> None:
        """A server has ended."""
        self._servers.pop(name, None)

    def names(self) -> set[str]:
        """Whose servers run now."""
        self._servers = {name: identity for name, identity in self._servers.items() if is_alive(identity)}
        return set(self._servers)

    async def memory(self) -> Memory:
        """The machine's memory now, and what a server took on average when it was last looked at.

        Looking takes some milliseconds for each server: it happens on a thread, and only one looks at a time.
        """
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _EVERY
            servers = list(self._servers.values())
            self._each = await asyncio.get_running_loop().run_in_executor(None, average, servers)
        whole = psutil.virtual_memory()
        limit, used = group_limit()
        if limit is not None:
            return Memory(min(whole.total, limit), min(whole.available, max(0, limit - used)), self._each)
        return Memory(whole.total, whole.available, self._each)


def average(servers: Sequence[ProcessIdentity]) -> float | None:
    """The mean memory (bytes, proportional) of some of these servers; None where there are none."""
    if not servers:
        return None
    children = children_by_parent()
    chosen = random.sample(servers, min(_SAMPLE, len(servers)))
    return sum(total(identity.pid, children) for identity in chosen) / len(chosen)


def group_limit(root: Path = Path("/sys/fs/cgroup")) -> tuple[int | None, int]:
    """The memory limit of the container around us and what is used of it (cgroups(7), version 2); None: no limit."""
    try:
        limit = (root / "memory.max").read_text(encoding="ascii").strip()
        used = int((root / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None, 0
    return (int(limit), used) if limit.isdigit() else (None, used)
