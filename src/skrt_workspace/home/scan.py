"""Everything in a home, listed for a saved copy: what each file is and how to tell whether it changed.

Safe on a home whose participant works in it, or wants to harm: no link is followed, no other file system entered, and a
folder that vanishes is told, not raised.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from skrt_workspace.home.tree import PART_PREFIX
from skrt_workspace.home.walk import OTHER_DISK, Unread, Walk

LONGEST = 20_000  # characters of a path; the system itself takes 4096 in one piece
_LONG = 4096
_MOST_LONG = 100_000_000  # characters of all such paths of one home
TOO_DEEP = "it lies too deep"
OWN_FOLDERS = (".local/share/skrt-workspace", ".local/state/skrt-workspace")
"""What we ourselves note down in a home."""
FILE, FOLDER, LINK, HARD_LINK, LEFT_OUT = "f", "d", "l", "h", "x"
SPECIAL = "it is a device, pipe or socket"
NO_WORK = (SPECIAL, OTHER_DISK)
"""What may be left out without a loss: nothing that somebody wrote is in it, or it is not in the home."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a home, by its path relative to it.

    kind: FILE, FOLDER, LINK (`target` is its text), HARD_LINK (`target` is the path seen first) or LEFT_OUT (`target`
    says why). mode: permission bits. mtime, ctime: nanoseconds since 1970.
    """

    path: str
    kind: str
    mode: int = 0
    size: int = 0
    mtime: int = 0
    ctime: int = 0
    inode: int = 0
    target: str = ""


def scan(root: str) -> Iterator[Entry]:
    """Every entry below `root`, a folder before what is in it, names in order. Raises OSError for a missing root."""
    steps = Walk(root)
    seen: dict[int, str] = {}
    long = 0
    for step in steps:
        if isinstance(step, Unread):
            yield Entry(step.path, LEFT_OUT, target=step.why)
            continue
        begin = f"{step.path}/" if step.depth else ""
        long += len(begin) * len(step.names) if len(begin) > _LONG else 0
        if long > _MOST_LONG or len(begin) > LONGEST:
            yield Entry(begin[:-1], LEFT_OUT, target=TOO_DEEP)
            step.folders.clear()
            continue
        entered = []
        for name in step.names:
            if name.startswith(PART_PREFIX):
                continue
            entry = _describe(step.handle, name, begin + name, steps.device, seen)
            yield entry
            if entry.kind == FOLDER:
                entered.append(name)
        step.folders[:] = entered


def _describe(folder: int, name: str, path: str, device: int, seen: dict[int, str]) -> Entry:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        why = _why_left_out(found, device)
        if why:
            return Entry(path, LEFT_OUT, target=why)
        facts = (stat.S_IMODE(found.st_mode), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        if stat.S_ISDIR(found.st_mode):
            return Entry(path, FOLDER, *facts)
        if stat.S_ISLNK(found.st_mode):
            return Entry(path, LINK, *facts, target=os.readlink(name, dir_fd=folder))
    except OSError as error:
        return Entry(path, LEFT_OUT, target=error.strerror or "it cannot be read")
    first = seen.setdefault(found.st_ino, path) if found.st_nlink > 1 else path
    return Entry(path, FILE, *facts) if first == path else Entry(path, HARD_LINK, *facts, target=first)


def _why_left_out(found: os.stat_result, device: int) -> str:
    if found.st_dev != device:
        return OTHER_DISK
    if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode) or stat.S_ISDIR(found.st_mode):
        return ""
    return SPECIAL
