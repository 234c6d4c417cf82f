"""Makes forks cheap: the zygote's memory is gathered into huge pages, of which a fork copies one entry each, not 512.

A fork copies the table of pages, and the end of a process takes it down again: with 200 MB in small pages that is 15 ms
of a processor each time, and four times for each participant. A child that writes to a huge page gets a copy of the
small page only, as ever (Linux, Documentation/admin-guide/mm/transhuge.rst; MADV_COLLAPSE in madvise(2), Linux 6.1).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

_SYSTEM = Path("/sys/kernel/mm/transparent_hugepage")
_MADV_COLLAPSE = 25


def gather() -> int:
    """Gather what is here now; returns how many huge pages there are now. Call it last before the fork.

    Nothing happens where the machine's administrator has switched huge pages off, or the kernel cannot do it.
    """
    try:
        if "[never]" in (_SYSTEM / "enabled").read_text():
            return 0
        size = int((_SYSTEM / "hpage_pmd_size").read_text())
    except (OSError, ValueError):
        return 0
    advise = ctypes.CDLL(None).madvise
    # A range without any page is refused, and one for which the machine has no room: those stay as they are.
    return sum(
        advise(ctypes.c_void_p(place), ctypes.c_size_t(size), _MADV_COLLAPSE) == 0
        for start, end in _own_memory()
        for place in range(-(-start // size) * size, end - size + 1, size)
    )


def _own_memory() -> Iterator[tuple[int, int]]:
    """The addresses of this process's own memory: what is of no file (proc_pid_maps(5))."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        place, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "rw-p" and (not name or name[0].strip() == "[heap]"):
            start, end = place.split("-")
            yield int(start, 16), int(end, 16)
