"""Logs that participants fill have a size: what their servers print goes there, and they decide how much that is."""

from __future__ import annotations

import os
from pathlib import Path

from skrt_hub.layout import Layout

LARGEST = 10_000_000
KEPT = 1_000_000
_CUT = b"(skrt-hub: the log was cut here, because more than %d MB were written to it)\n" % (LARGEST // 10**6)


def cut_server_logs(layout: Layout) -> list[str]:
    """Cut each server's log that has become too large down to its last part; the names of those logs.

    A running server writes on at the end (O_APPEND), so the file must stay the same one.
    """
    folder = layout.log / "servers"
    cut = []
    for log in folder.glob("*.log") if folder.is_dir() else ():
        if _cut(log):
            cut.append(log.name)
    return cut


def _cut(log: Path) -> bool:
    try:
        handle = os.open(log, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        size = os.fstat(handle).st_size
        if size <= LARGEST:
            return False
        last = os.pread(handle, KEPT, size - KEPT)
        os.ftruncate(handle, 0)
        os.pwrite(handle, _CUT + last[last.find(b"\n") + 1 :], 0)
        return True
    finally:
        os.close(handle)
