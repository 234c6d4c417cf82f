"""What a participant's processes use: all descendants of the sandbox's first process, and the memory of every kind.

A process's memory is the proportional set size (proc_pid_smaps(5)): a page that several share counts once among them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_FOLDERS = ("/tmp", "/run", "/dev/shm")  # noqa: S108
# A notebook's server and kernel have some 60 sockets and pipes between them.
_FREE_BUFFERS = 512
_FREE_QUEUES = 32 << 20
_LISTENS = "0A"  # the state of a socket that listens
BUFFER = 212_992  # net.core.wmem_default, which a sandbox cannot raise: what one side of a Unix socket holds at most


@dataclass(frozen=True)
class ProcessMemory:
    """One process: its pid, its program's name, its proportional set size in bytes, how much of it is shared memory.

    Shared memory is what lies in files in memory, with or without a name, and what processes map together. `copied`:
    where the size is the resident set, how much of it may be the fork server's.
    """

    pid: int
    name: str
    size: int
    shared: int = 0
    copied: int = 0


def children_by_parent() -> dict[int, list[int]]:
    """Every process of the machine, by its parent."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in os.listdir("/proc"):  # noqa: PTH208 - names only, many times a minute
        if entry.isdigit():
            parent = _parent(int(entry))
            if parent is not None:
                children[parent].append(int(entry))
    return children


def descendants(pid: int, children: dict[int, list[int]]) -> list[int]:
    """`pid` and everything below it, the first process first."""
    found = [pid]
    for member in found:
        found.extend(children.get(member, ()))
    return found


def resident(pid: int) -> int:
    """The resident set in bytes: quick to read, and never less than the proportional one."""
    return _resident(pid)[0]


def _resident(pid: int) -> tuple[int, int]:
    """The resident set with what belongs to it elsewhere, and the part of it that is of files, in bytes."""
    told = _status(pid)
    return told.get("VmRSS", 0) + _elsewhere(told), told.get("RssFile", 0) + told.get("RssShmem", 0)


def _elsewhere(told: Mapping[str, int]) -> int:
    """What no set of pages shows: what the kernel keeps to find pages (a page for each that was only looked at), and
    pages that were swapped out.
    """
    return told.get("VmPTE", 0) + told.get("VmSwap", 0)


def _status(pid: int) -> dict[str, int]:
    """The sizes in proc_pid_status(5), in bytes; none where the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    sizes = (line.split() for line in lines if line.endswith(" kB"))
    return {words[0].removesuffix(":"): int(words[1]) * 1024 for words in sizes if len(words) == 3}


def measure(pid: int) -> ProcessMemory | None:
    """One process's memory, or None when it has ended."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # the system does not let us look: the resident set is the nearest figure
        size, of_files = _resident(pid)
        return ProcessMemory(pid, name, size, copied=size - of_files)
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in rollup.splitlines()[1:] if line}
    return ProcessMemory(pid, name, sizes.get("Pss", 0) + _elsewhere(_status(pid)), sizes.get("Pss_Shmem", 0))


def kept(pids: Sequence[int], measured: Sequence[ProcessMemory]) -> int:
    """What these processes of one sandbox make the kernel keep: their own pages, files in memory, buffers.

    A file in memory counts also while no process has it mapped. What is mapped and what lies in the folders may be the
    same pages, and nothing says how many of them are: the larger of both counts.
    """
    own = sum(process.size - process.shared for process in measured) - _of_the_fork_server(measured)
    return own + max(sum(process.shared for process in measured), in_folders(pids)) + buffers(pids)


def _of_the_fork_server(measured: Sequence[ProcessMemory]) -> int:
    """What only resident sets are known of counts without the fork server's pages, which nobody pays for.

    The sandbox's first process holds these and little else. They are taken off for it, the server and one kernel: for
    each process that a participant starts they would be a way around the limit.
    """
    pages = measured[0].copied if measured else 0
    return sum(min(pages, process.copied) for process in measured[:3])


def in_folders(pids: Sequence[int]) -> int:
    """The bytes in a sandbox's folders in memory; seen through the first of its processes that may be looked at."""
    for pid in pids:
        sizes = [_used(pid, folder) for folder in _FOLDERS]
        if any(size is not None for size in sizes):
            return sum(size or 0 for size in sizes)
    return 0


def _used(pid: int, folder: str) -> int | None:
    seen = f"/proc/{pid}/root{folder}"
    try:
        if os.stat(seen).st_dev == os.stat(folder).st_dev:  # noqa: PTH116 - no sandbox: the machine's own folder
            return None
        found = os.statvfs(seen)
    except OSError:
        return None
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def buffers(pids: Sequence[int]) -> int:
    """What sockets and pipes can hold, beyond the number that notebooks need; the kernel does not tell what they do.

    Only of the internet's sockets it tells, and these hold much more each.
    """
    queues = queued(pids)
    if sum(map(_open_files, pids)) <= _FREE_BUFFERS:
        return queues
    return max(0, sum(map(sockets_and_pipes, pids)) - _FREE_BUFFERS) * BUFFER + queues


def queued(pids: Sequence[int]) -> int:
    """The bytes that wait in these processes' internet sockets, once they are many."""
    for pid in pids:
        try:
            waiting = _waiting(pid)
        except OSError:
            continue  # it has ended
        if sum(waiting.values()) <= _FREE_QUEUES:
            return 0
        if _has_own_network(pid):
            return sum(waiting.values())
        inodes = {inode for one in pids for inode in _sockets(one)}
        return sum(size for inode, size in waiting.items() if inode in inodes)
    return 0


def _waiting(pid: int) -> dict[str, int]:
    """What waits in each socket of a process's network, sent or received, by its inode (proc_pid_net(5))."""
    found: dict[str, int] = defaultdict(int)
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        lines = Path(f"/proc/{pid}/net/{kind}").read_text(encoding="ascii").splitlines()[1:]
        for words in (line.split() for line in lines):
            sent, received = (int(size, 16) for size in words[4].split(":"))
            if words[3] != _LISTENS:  # there it is a number of connections
                found[words[9]] += sent + received
    return found


def _has_own_network(pid: int) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")  # noqa: PTH115
    except OSError:
        return False


def _sockets(pid: int) -> Iterator[str]:
    """The inodes of a process's sockets."""
    for target in _targets(pid):
        if target.startswith("socket:["):
            yield target[8:-1]


def _targets(pid: int) -> Iterator[str]:
    try:
        names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208
    except OSError:
        return
    for name in names:
        try:
            yield os.readlink(f"/proc/{pid}/fd/{name}")  # noqa: PTH115
        except OSError:
            continue


def _open_files(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names only, every second
    except OSError:
        return 0


def sockets_and_pipes(pid: int) -> int:
    """How many of a process's open files are sockets or pipes."""
    return sum(target.startswith(("socket:", "pipe:")) for target in _targets(pid))


def total(pid: int, children: dict[int, list[int]]) -> int:
    """The memory in bytes of `pid` and everything below it, as the limit counts it."""
    members = descendants(pid, children)
    return kept(members, [found for member in members if (found := measure(member)) is not None])


def _parent(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(text[text.rindex(")") + 2 :].split()[1])


def processor_seconds(pid: int, children: dict[int, list[int]]) -> float:
    """The processors' time that `pid` and everything below it have used, with what their ended children had used."""
    return sum(map(_ticks, descendants(pid, children))) / _TICKS


def _ticks(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return sum(int(field) for field in stat.rpartition(")")[2].split()[11:15])  # utime to cstime, proc_pid_stat(5)
