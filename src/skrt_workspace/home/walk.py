"""The one way through a home: by descriptors, without recursion, however deep, locked or hostile it is.

Each folder is opened from the one above it without following a link (openat(2), O_NOFOLLOW), so that no path is ever
too long and no swapped link leads out. A few descriptors are held; the way back up leads through `..`, and is taken
only where the folder found there is the one that was left. What cannot be entered is told, and the walk goes on.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skrt_workspace import system

FOLDER = os.O_RDONLY | system.O_DIRECTORY | system.O_NOFOLLOW | system.O_CLOEXEC
TO_READ, TO_REMOVE = 0o500, 0o700
_HELD = 32
MOVED = "it was moved while it was looked through"
OTHER_DISK = "it is on another file system"
Leave = Callable[[int, str], None]


class Folder:
    """One folder of a walk. `handle` can be used until the next step; `folders` are entered, and may be shortened."""

    __slots__ = ("_names", "folders", "handle", "names")

    def __init__(self, above: list[str], handle: int) -> None:
        self._names = above
        self.handle = handle
        self.names: list[str] = []
        self.folders: list[str] = []
        # Its own descriptor: scandir closes the one it is given only when it ends.
        with os.scandir(handle) as entries:
            for entry in entries:
                self.names.append(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    self.folders.append(entry.name)
        self.names.sort()
        self.folders.sort()

    @property
    def path(self) -> str:
        """Relative to where the walk began, empty there. Made when asked for: it may be megabytes long."""
        return "/".join(self._names)

    @property
    def depth(self) -> int:
        return len(self._names)


@dataclass(frozen=True, slots=True)
class Unread:
    """A folder that was not entered, or not to its end, and why."""

    path: str
    why: str


@dataclass(slots=True)
class _Level:
    """A folder on the way down. locked: the mode to give back to it, or None."""

    name: str
    handle: int
    identity: tuple[int, int]
    rest: list[str] = field(default_factory=list)
    locked: int | None = None


class Walk:
    """A walk below `root`, each folder before those in it.

    rights: what the owner needs of a folder, TO_READ (given back afterwards) or TO_REMOVE; an owner may always take
    them. leave: called with the folder above and the name when all below a folder is done.
    """

    def __init__(self, root: str | os.PathLike[str], *, rights: int = TO_READ, leave: Leave | None = None) -> None:
        self._root = os.fspath(root)
        self._rights = rights
        self._leave = leave
        self._levels: list[_Level] = []
        self._names: list[str] = []
        self.device = 0

    def __iter__(self) -> Iterator[Folder | Unread]:
        """Every folder. Raises OSError only where the root itself cannot be entered."""
        try:
            level = self._enter(None, self._root)
            self.device = level.identity[0]
            self._levels.append(level)
            yield from self._listed(level)
            while self._levels:
                level = self._levels[-1]
                if level.rest:
                    yield from self._down(level, level.rest.pop())
                else:
                    yield from self._up()
        finally:
            while self._levels:
                for _ in self._up():
                    pass

    def _down(self, level: _Level, name: str) -> Iterator[Folder | Unread]:
        try:
            deeper = self._enter(level.handle, name)
        except OSError as error:
            if error.errno != errno.ENOENT:  # what vanished meanwhile is no news
                yield Unread(self._path(name), _words(error))
            return
        if deeper.identity[0] != self.device:
            self._close(deeper)
            yield Unread(self._path(name), OTHER_DISK)
            return
        self._levels.append(deeper)
        self._names.append(name)
        if len(self._levels) > _HELD + 1:  # the root's stays: from there every way can be found again
            far = self._levels[-_HELD - 1]
            if far is not self._levels[0]:
                os.close(far.handle)
                far.handle = -1
        yield from self._listed(deeper)

    def _listed(self, level: _Level) -> Iterator[Folder | Unread]:
        try:
            found = Folder(self._names, level.handle)
        except OSError as error:
            yield Unread("/".join(self._names), _words(error))
            return
        yield found
        level.rest = found.folders[::-1]

    def _up(self) -> Iterator[Unread]:
        """Leave the last folder; the one above it has a descriptor again, or is told as moved."""
        done = self._levels.pop()
        name = self._names.pop() if self._names else ""
        if self._levels:
            above = self._levels[-1]
            if above.handle < 0:
                above.handle = self._found_again(done.handle, above.identity)
        self._close(done)
        if not self._levels:
            return
        if above.handle < 0:
            if above.rest:
                yield Unread("/".join(self._names), MOVED)
                above.rest = []
        elif self._leave is not None:
            self._leave(above.handle, name)

    def _found_again(self, below: int, identity: tuple[int, int]) -> int:
        """The folder above `below` where it is still the one that was left, else the way down again by its names."""
        if below >= 0:
            with contextlib.suppress(OSError):
                handle = os.open("..", FOLDER, dir_fd=below)
                if _identity(os.fstat(handle)) == identity:
                    return handle
                os.close(handle)
        handle = os.dup(self._levels[0].handle)
        for name in self._names:
            try:
                deeper = os.open(name, FOLDER, dir_fd=handle)
            except OSError:
                os.close(handle)
                return -1
            os.close(handle)
            handle = deeper
        if _identity(os.fstat(handle)) == identity:
            return handle
        os.close(handle)
        return -1

    def _enter(self, above: int | None, name: str) -> _Level:
        flags = FOLDER if above is not None else FOLDER & ~system.O_NOFOLLOW
        try:
            handle = os.open(name, flags, dir_fd=above)
        except PermissionError:
            handle, mode = unlocked(name, above, self._rights)
            level = _Level(name, handle, _identity(os.fstat(handle)), locked=mode)
        else:
            found = os.fstat(handle)
            level = _Level(name, handle, _identity(found))
            if found.st_mode & self._rights != self._rights and system.user() == found.st_uid != 0:
                with contextlib.suppress(OSError):
                    system.set_mode(handle, stat.S_IMODE(found.st_mode) | self._rights)
                    level.locked = stat.S_IMODE(found.st_mode)
        return level

    def _close(self, level: _Level) -> None:
        if level.handle < 0:
            return
        if level.locked is not None and self._rights == TO_READ:
            with contextlib.suppress(OSError):
                system.set_mode(level.handle, level.locked)
        os.close(level.handle)

    def _path(self, name: str) -> str:
        return "/".join((*self._names, name))


def unlocked(name: str, above: int | None, rights: int) -> tuple[int, int]:
    """A descriptor of a file or folder that its owner has locked, and the mode to give back. Raises PermissionError.

    Through a descriptor that only names it (O_PATH): a link put in its place in the meantime is not followed.
    """
    if not system.O_PATH:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
    place = os.open(name, system.O_PATH | system.O_NOFOLLOW | system.O_CLOEXEC, dir_fd=above)
    try:
        found = os.fstat(place)
        if not stat.S_ISDIR(found.st_mode) and not stat.S_ISREG(found.st_mode):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        mode = stat.S_IMODE(found.st_mode)
        path = f"/proc/self/fd/{place}"
        os.chmod(path, mode | rights)  # noqa: PTH101 - raises PermissionError for who does not own it
        return os.open(path, os.O_RDONLY | system.O_CLOEXEC | system.O_NONBLOCK), mode
    finally:
        os.close(place)


def walk(root: str | os.PathLike[str]) -> Iterator[Folder | Unread]:
    """Every folder below `root`, to be read."""
    return iter(Walk(root))


def size_of(root: str | os.PathLike[str]) -> int:
    """The bytes that all below `root` takes on the disk, each file once; other disks are not entered."""
    total = 0
    seen: set[int] = set()
    steps = Walk(root)
    try:
        for folder in steps:
            if isinstance(folder, Unread):
                continue
            if not folder.depth:
                total += system.on_disk(os.fstat(folder.handle))
            for name in folder.names:
                with contextlib.suppress(OSError):  # it vanished while it was looked at
                    found = os.stat(name, dir_fd=folder.handle, follow_symlinks=False)
                    if found.st_dev != steps.device or found.st_ino in seen:
                        continue
                    if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
                        seen.add(found.st_ino)
                    total += system.on_disk(found)
    except OSError:
        return total  # the root is gone
    return total


def remove_tree(root: str | os.PathLike[str]) -> list[Unread]:
    """Remove the folder `root` and all below it; what could not be removed, by its path, and why."""
    kept: list[Unread] = []

    def leave(above: int, name: str) -> None:
        with contextlib.suppress(OSError):  # not empty: why is told already
            os.rmdir(name, dir_fd=above)

    for folder in Walk(root, rights=TO_REMOVE, leave=leave):
        if isinstance(folder, Unread):
            kept.append(folder)
            continue
        entered = set(folder.folders)
        for name in folder.names:
            if name in entered:
                continue
            try:
                os.unlink(name, dir_fd=folder.handle)
            except FileNotFoundError:
                continue
            except OSError as error:
                kept.append(Unread("/".join(filter(None, (folder.path, name))), _words(error)))
    try:
        Path(root).rmdir()
    except OSError as error:
        if not kept:
            kept.append(Unread("", _words(error)))
    return kept


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _words(error: OSError) -> str:
    return error.strerror or "it cannot be read"
