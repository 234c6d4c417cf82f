"""What scripted participants cost the machine: memory of all their processes, processor time of the hub's parts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import psutil

from skrt_hub.hub.memory import children_by_parent, descendants, measure, total


def memory_of(roots: Iterable[int]) -> list[int]:
    """For each of `roots`, the proportional set size in bytes of it and everything below it."""
    children = children_by_parent()
    return [total(pid, children) for pid in roots]


def family_processor_time(roots: Iterable[int]) -> float:
    """Seconds of processor time that all processes at and below `roots` have used so far."""
    children = children_by_parent()
    return processor_time(pid for root in roots for pid in descendants(root, children))


def own_memory(pid: int | None) -> int:
    """The proportional set size in bytes of one process; 0 where there is none."""
    found = measure(pid) if pid is not None else None
    return found.size if found is not None else 0


def available_memory() -> int:
    """Bytes that programs can still get (MemAvailable in proc_meminfo(5))."""
    return int(psutil.virtual_memory().available)


def whole_memory() -> int:
    """Bytes of memory that the machine has."""
    return int(psutil.virtual_memory().total)


def processor_time(pids: Iterable[int]) -> float:
    """Seconds of processor time that these processes have used so far (proc_pid_stat(5))."""
    tick = os.sysconf("SC_CLK_TCK")
    seconds = 0.0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields = text[text.rindex(")") + 2 :].split()
        seconds += (int(fields[11]) + int(fields[12])) / tick
    return seconds


def description() -> str:
    """The machine in a line: processors, memory, system; no name of it."""
    memory = psutil.virtual_memory().total / 1e9
    cores = len(os.sched_getaffinity(0))
    release = os.uname().release
    return f"{cores} processors ({_processor()}), {memory:.0f} GB, Linux {release}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return os.uname().machine
