"""Which disks of a hub are full, in words: room and numbers of files alike."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from skrt_hub.hub.room import too_little
from skrt_hub.layout import Layout


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
    size, free = (blocks * found.f_frsize for blocks in (found.f_blocks, found.f_bavail))
    return too_little(size, free, found.f_files, found.f_favail)
