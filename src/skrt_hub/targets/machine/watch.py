"""Holds the memory limits where the kernel does not: looks every second, and ends the process that goes too far.

Where cgroups enforce the limit (skrt_hub.hub.control_groups) this stays as the second line. Either way the participant
is told why a kernel died.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from skrt_hub.files import ensure_folder, write_json
from skrt_hub.hub import control_groups
from skrt_hub.hub.memory import ProcessMemory, children_by_parent, descendants, measure, resident
from skrt_hub.layout import Layout
from skrt_hub.report import human_size
from skrt_hub.targets.machine.records import RunningServer
from skrt_workspace.sandbox.identity import identify, send_signal

_ADVICE = "Your files are safe. Work on smaller images, or close other notebooks."


@dataclass(frozen=True)
class Ended:
    """A process that was ended for memory."""

    name: str
    process: ProcessMemory
    limit: int


def enforce_memory(layout: Layout, servers: Sequence[RunningServer]) -> list[Ended]:
    """Look at each server once; end the largest process of those above their limit, and tell the participant."""
    if not servers:
        return []
    children = children_by_parent()
    ended = []
    for server in servers:
        victim = _over_limit(server, children)
        if victim is None:
            continue
        try:
            gone = send_signal(identify(victim.pid), signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            gone = False
        if gone:
            ended.append(Ended(server.name, victim, server.memory_limit))
            tell(layout, server.folder, "memory", _words(victim, server.memory_limit))
    return ended


class KilledBySystem:
    """Notices when the kernel itself ended somebody's process for memory, which it does before we look."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._counts: dict[str, int] = {}

    def tell_new(self, servers: Sequence[RunningServer]) -> list[str]:
        """Tell those of them to whom it happened since the last call; returns their names."""
        told = []
        for server in servers:
            count = control_groups.times_killed(self._layout.root, server.folder)
            if count > self._counts.get(server.folder, count):
                tell(self._layout, server.folder, "memory", _killed_words(server.memory_limit))
                told.append(server.name)
            self._counts[server.folder] = count
        return told


def tell(layout: Layout, folder: str, kind: str, text: str) -> None:
    """Leave a notice for a participant's server to show."""
    notices = layout.notices(folder)
    ensure_folder(notices, mode=0o755)
    now = datetime.now(UTC)
    write_json(notices / f"{time.time_ns()}-{kind}.json", {"kind": kind, "text": text, "time": now.isoformat()})


def _over_limit(server: RunningServer, children: dict[int, list[int]]) -> ProcessMemory | None:
    members = descendants(server.identity.pid, children)
    # The resident sets count shared pages many times: only where even they pass the limit is the slow figure read.
    if sum(resident(pid) for pid in members) <= server.memory_limit:
        return None
    measured = [found for pid in members if (found := measure(pid)) is not None]
    if sum(process.size for process in measured) <= server.memory_limit:
        return None
    # The sandbox's first process and the Jupyter server stay unless they are alone: ending them would end everything.
    keep = {server.identity.pid, *children.get(server.identity.pid, [])[:1]}
    candidates = [process for process in measured if process.pid not in keep] or measured[-1:]
    return max(candidates, key=lambda process: process.size)


def _killed_words(limit: int) -> str:
    return f"A kernel or program of yours was ended: your memory limit of {human_size(limit)} was reached. {_ADVICE}"


def _words(process: ProcessMemory, limit: int) -> str:
    return (
        f"A kernel or program of yours was ended: it used {human_size(process.size)}, and with it your memory limit of "
        f"{human_size(limit)} was passed. {_ADVICE}"
    )
