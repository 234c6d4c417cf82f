"""Everything in a home, listed for a saved copy: what each file is and how to tell whether it changed.

Safe on a home whose participant works in it, or wants to harm: no link is followed, no other file system entered, and a
folder that vanishes is told, not raised.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skrt_workspace.home.tree import PART_PREFIX, Tree

DEEPEST = 500
OWN_FOLDERS = (".local/share/skrt-workspace", ".local/state/skrt-workspace")
"""What we ourselves note down in a home."""
FILE, FOLDER, LINK, HARD_LINK, LEFT_OUT = "f", "d", "l", "h", "x"


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
    tree = Tree(root)
    device = Path(root).stat().st_dev
    seen: dict[int, str] = {}
    pending = [""]
    while pending:
        folder = pending.pop()
        found = list(_in_folder(tree, folder, device, seen))
        yield from found
        pending += reversed([entry.path for entry in found if entry.kind == FOLDER])


def _in_folder(tree: Tree, folder: str, device: int, seen: dict[int, str]) -> Iterator[Entry]:
    try:
        with tree.parent(f"{folder}/x" if folder else "x") as (handle, _):
            # Its own descriptor: scandir closes the one it is given only when it ends.
            with os.scandir(handle) as entries:
                names = sorted(entry.name for entry in entries)
            for name in names:
                path = f"{folder}/{name}" if folder else name
                if not name.startswith(PART_PREFIX):
                    yield _describe(handle, name, path, device, seen)
    except OSError as error:
        if folder:
            yield Entry(folder, LEFT_OUT, target=error.strerror or "it cannot be read")
        else:
            raise


def _describe(folder: int, name: str, path: str, device: int, seen: dict[int, str]) -> Entry:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        why = _why_left_out(found, path, device)
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


def _why_left_out(found: os.stat_result, path: str, device: int) -> str:
    if found.st_dev != device:
        return "it is on another file system"
    if stat.S_ISDIR(found.st_mode):
        return "it lies too deep" if path.count("/") >= DEEPEST else ""
    if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
        return ""
    return "it is a device, pipe or socket"
