"""Holds the memory limits where the kernel does not: looks every second, and ends the process that goes too far.

Where cgroups enforce the limit (skrt_hub.hub.control_groups) this stays as the second line. Either way the participant
is told why a kernel died.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.files import ensure_folder
from skrt_hub.hub import control_groups
from skrt_hub.hub.memory import (
    BUFFER,
    ProcessMemory,
    buffers,
    children_by_parent,
    descendants,
    in_folders,
    kept,
    measure,
    resident,
    sockets_and_pipes,
)
from skrt_hub.layout import Layout
from skrt_hub.report import human_size
from skrt_hub.targets.machine.records import RunningServer
from skrt_workspace.cohort.standing import EXPENDABLE
from skrt_workspace.home import notices
from skrt_workspace.sandbox.identity import identify, send_signal

_EXPENDABLE = "500"  # thousandths of the limit that are added to its size (proc_pid_oom_score_adj(5))
_WORTH_ENDING = 20 * 10**6
_ADVICE = "Your files are safe. Work on smaller images, or close other notebooks."


@dataclass(frozen=True)
class Ended:
    """A process that was ended for memory."""

    name: str
    process: ProcessMemory
    limit: int


def enforce_memory(layout: Layout, servers: Sequence[RunningServer]) -> list[Ended]:
    """Look at each server once; end the largest processes of those above their limit, and tell the participant."""
    if not servers:
        return []
    children = children_by_parent()
    ended = []
    for server in servers:
        for victim in _over_limit(server, children):
            try:
                gone = send_signal(identify(victim.pid), signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                gone = False
            if gone:
                ended.append(Ended(server.name, victim, server.memory_limit))
                tell(layout, server.folder, "memory", _words(victim, server.memory_limit, _in_files(server, children)))
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
                words = _killed_words(server.memory_limit, _in_files(server, children_by_parent()))
                tell(self._layout, server.folder, "memory", words)
                told.append(server.name)
            self._counts[server.folder] = count
        return told


def _in_files(server: RunningServer, children: dict[int, list[int]]) -> int:
    return in_folders(descendants(server.identity.pid, children))


def tell(layout: Layout, folder: str, kind: str, text: str) -> None:
    """Leave a notice for a participant's server to show."""
    place = layout.notices(folder)
    ensure_folder(place, mode=0o755)
    notices.write_notice(place, kind, text, mode=0o644)


def _over_limit(server: RunningServer, children: dict[int, list[int]]) -> list[ProcessMemory]:
    members = descendants(server.identity.pid, children)
    # The resident sets count shared pages many times: only where even they pass the limit is the slow figure read.
    held = buffers(members)
    if sum(resident(pid) for pid in members) + in_folders(members) + held <= server.memory_limit:
        return []
    measured = [found for pid in members if (found := measure(pid)) is not None]
    over = kept(members, measured) - server.memory_limit
    if over <= 0:
        return []
    candidates = can_be_ended(over, measured, server.identity.pid, children.get(server.identity.pid, [])[:1])
    first = [one for one in candidates if _goes_first(one.pid) and one.size > _WORTH_ENDING]
    sockets = {one.pid: sockets_and_pipes(one.pid) for one in candidates} if held else {}
    return victims(over, candidates, first, sockets)


def can_be_ended(
    over: int, measured: Sequence[ProcessMemory], first: int, servers: Sequence[int]
) -> Sequence[ProcessMemory]:
    """Whose end can bring `over` bytes back. `first`: the sandbox's first process; `servers`: the Jupyter server.

    These two stay unless nothing else would help: their end is that of everything. The server's memory may be its
    owner's doing, too, who then starts other programs for us to end.
    """
    others = [process for process in measured if process.pid not in (first, *servers)]
    if over <= sum(process.size - process.shared for process in others):
        return others
    return [process for process in measured if process.pid != first] or measured[-1:]


def victims(
    over: int, candidates: Sequence[ProcessMemory], first: Sequence[ProcessMemory], sockets: Mapping[int, int]
) -> list[ProcessMemory]:
    """Who is ended to get `over` bytes back: of those that go `first` as many as it takes, else one of the others, too.

    A cohort's tasks say themselves that they go first: a notebook must not pay for them. But anybody's program can say
    so, and one that is started again each second must not stand in for the one that has the memory.
    """
    chosen: list[ProcessMemory] = []
    for process in sorted(first, key=lambda process: process.size, reverse=True):
        if over <= 0:
            return chosen
        chosen.append(process)
        over -= process.size - process.shared
    others = [process for process in candidates if process not in chosen]
    if over > 0 and others:
        chosen.append(max(others, key=lambda process: process.size + BUFFER * sockets.get(process.pid, 0)))
    return chosen


class Expendable:
    """Has the kernel end kernels and programs rather than their server, where it enforces the limit itself.

    It ends the largest process. Memory that is kept in files and buffers is nobody's, and the server is often largest.
    """

    def __init__(self) -> None:
        self._done: set[int] = set()

    def mark(self, servers: Sequence[RunningServer]) -> None:
        """Look at each server's processes once."""
        if not servers:
            return
        children = children_by_parent()
        seen: set[int] = set()
        for server in servers:
            first = server.identity.pid
            keep = {first, *children.get(first, [])[:1]}
            seen.update(pid for pid in descendants(first, children) if pid not in keep)
        for pid in seen - self._done:
            with contextlib.suppress(OSError):  # it has ended, or may not be changed
                if not _goes_first(pid):
                    Path(f"/proc/{pid}/oom_score_adj").write_text(_EXPENDABLE, encoding="ascii")
        self._done = seen


def _goes_first(pid: int) -> bool:
    """Whether a process has said that it is ended before the others of its owner."""
    try:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii")) >= EXPENDABLE
    except (OSError, ValueError):
        return False


def _killed_words(limit: int, in_files: int) -> str:
    return (
        f"A kernel or program of yours was ended: your memory limit of {human_size(limit)} was reached. "
        f"{_advice(limit, in_files)}"
    )


def _words(process: ProcessMemory, limit: int, in_files: int) -> str:
    return (
        f"A kernel or program of yours was ended: it used {human_size(process.size)}, and with it your memory limit of "
        f"{human_size(limit)} was passed. {_advice(limit, in_files)}"
    )


def _advice(limit: int, in_files: int) -> str:
    """What was full: images, or files in the folders that lie in memory."""
    if in_files < limit // 4:
        return _ADVICE
    return (
        f"Your home is safe. {human_size(in_files)} of it are files in /tmp and /dev/shm, which lie in memory: remove "
        "those that you do not need (in a terminal: ls -l /tmp /dev/shm), or write large files into your home."
    )
