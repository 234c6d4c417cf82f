"""Which disks of a hub are full, in words: room and numbers of files alike."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from skrt_hub.layout import Layout
from skrt_hub.report import human_size

_LITTLE = 50_000_000
_FEW = 500


def full_disks(layout: Layout) -> tuple[str, ...]:
    """A sentence for each disk that the hub needs and that has hardly any room."""
    told: dict[int, str] = {}
    for what, path in (
        ("the hub's folder", layout.root),
        ("the homes", layout.homes),
        ("the logs", layout.log),
        ("temporary files", Path(tempfile.gettempdir())),
    ):
        try:
            device, found = path.stat().st_dev, os.statvfs(path)
        except OSError:
            continue
        words = _words(found)
        if words and device not in told:
            told[device] = f"The disk with {what} ({path}) is full: {words}."
    return tuple(told.values())


def _words(found: os.statvfs_result) -> str:
    free = found.f_bavail * found.f_frsize
    if free < _LITTLE and free < found.f_blocks * found.f_frsize / 10:
        return f"{human_size(free)} are left. Remove files there; nothing of the hub has to be started again"
    if found.f_files and found.f_favail < _FEW:
        return f"it can hold only {found.f_favail} more files, whatever their size. Remove many small ones"
    return ""
