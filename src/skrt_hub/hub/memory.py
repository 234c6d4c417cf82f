"""What a participant's processes use: all descendants of the sandbox's first process, and their memory.

Memory is the proportional set size (proc_pid_smaps(5)): a page that several processes share counts once among them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessMemory:
    """One process: its pid, its program's name, its proportional set size in bytes."""

    pid: int
    name: str
    size: int


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
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def measure(pid: int) -> ProcessMemory | None:
    """One process's memory, or None when it has ended."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return ProcessMemory(pid, name, int(line.split()[1]) * 1024)
    except OSError:
        pass  # the system does not let us look: the resident set is the nearest figure
    return ProcessMemory(pid, name, resident(pid))


def total(pid: int, children: dict[int, list[int]]) -> int:
    """The memory in bytes of `pid` and everything below it."""
    sizes = (measure(member) for member in descendants(pid, children))
    return sum(found.size for found in sizes if found is not None)


def _parent(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(text[text.rindex(")") + 2 :].split()[1])
