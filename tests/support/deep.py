"""Folders in one another, deeper than any path can be long."""

from __future__ import annotations

import os
from pathlib import Path


def deepen(folder: Path, count: int) -> None:
    """Make `count` folders in one another, all called d, in this one."""
    deep = os.open(folder, os.O_RDONLY)
    for _ in range(count):
        os.mkdir("d", dir_fd=deep)
        deeper = os.open("d", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = deeper
    os.close(deep)
