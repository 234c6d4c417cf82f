"""Logs have a size: participants decide how much their servers print, and strangers how often the hub is asked."""

from __future__ import annotations

import os
from pathlib import Path

from skrt_hub.layout import Layout

LARGEST = 10_000_000
KEPT = 1_000_000
LARGEST_OF_A_PART = 20_000_000
KEPT_OF_A_PART = 10_000_000
_CUT = b"(skrt-hub: the log was cut here, because more than %d MB were written to it)\n"


def cut_logs(layout: Layout) -> list[str]:
    """Cut each log that has become too large down to its last part; the names of those logs.

    What writes it goes on at the end (O_APPEND), so the file must stay the same one.
    """
    servers = [log.name for log in (layout.log / "servers").glob("*.log") if _cut(log, LARGEST, KEPT)]
    parts = [log.name for log in layout.log.glob("*.log") if _cut(log, LARGEST_OF_A_PART, KEPT_OF_A_PART)]
    return servers + parts


def _cut(log: Path, largest: int, kept: int) -> bool:
    try:
        handle = os.open(log, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        size = os.fstat(handle).st_size
        if size <= largest:
            return False
        last = os.pread(handle, kept, size - kept)
        os.ftruncate(handle, 0)
        os.pwrite(handle, _CUT % (largest // 10**6) + last[last.find(b"\n") + 1 :], 0)
        return True
    finally:
        os.close(handle)
