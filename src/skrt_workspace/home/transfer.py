"""Contents of a home's files, read for a saved copy and written from one, without following any link.

The hub calls these functions itself on one machine, and through `skrt_workspace.home.agent` in a pod.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from skrt_workspace import system
from skrt_workspace.home.content import RUNS, Digest, Empty, Part, digest_of_content, parts, write
from skrt_workspace.home.scan import FILE, FOLDER, HARD_LINK, LINK
from skrt_workspace.home.tree import Tree, part_name, split


@dataclass(frozen=True)
class Facts:
    """What tells one state of a file from another; times in nanoseconds since 1970. holes: bytes that are not there."""

    size: int
    mtime: int
    ctime: int
    inode: int
    holes: int = 0


class Reading:
    """One file that is being read: its pieces, and then whether it stayed the same meanwhile."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        found = os.fstat(handle)
        self.facts = Facts(
            found.st_size,
            found.st_mtime_ns,
            found.st_ctime_ns,
            found.st_ino,
            max(0, found.st_size - system.on_disk(found)),
        )

    def pieces(self) -> Iterator[Part]:
        """The content in pieces of `PIECE` bytes, the last one shorter; one empty piece for an empty file."""
        return parts(self._handle, self.facts.size)

    def beginning(self, size: int) -> bytes:
        """Its first bytes."""
        return system.read_at(self._handle, size, 0)

    @property
    def settled(self) -> bool:
        """Whether the file is still as it was when it was opened."""
        now = os.fstat(self._handle)
        return (now.st_size, now.st_mtime_ns) == (self.facts.size, self.facts.mtime)


@contextlib.contextmanager
def reading(root: str, path: str) -> Iterator[Reading]:
    """Open one regular file. Raises OSError where it is gone, or something else by now."""
    with Tree(root).opened(path) as handle:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(22, "it is no regular file", path)
        yield Reading(handle)


def digests(root: str, paths: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """The SHA-256 of each file, None for what is no readable regular file."""
    tree = Tree(root)
    for path in paths:
        yield path, _digest(tree, path)


def _digest(tree: Tree, path: str) -> str | None:
    try:
        with tree.opened(path) as handle:
            return digest_of_content(handle) if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError:
        return None


@dataclass(frozen=True)
class Step:
    """One thing to write. kind, mode, mtime, target: as in `scan.Entry`.

    digest: SHA-256 of the whole content, checked before the file gets its name. replaces: digest of the file that may
    be replaced; None: nothing may be there.
    """

    path: str
    kind: str
    mode: int = 0o600
    mtime: int = 0
    target: str = ""
    digest: str = ""
    replaces: str | None = None
    pieces: Iterable[Part] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a step: `done`, or why not."""

    path: str
    problem: str = ""


def receive(root: str, steps: Iterable[Step], owner: int | None = None) -> Iterator[Outcome]:
    """Write the steps in order; folders get their modes and times at the end. Never replaces what it was not told to.

    `owner`: user and group id for what is made, when the hub runs as root.
    """
    tree = Tree(root)
    made: list[Step] = []
    for step in steps:
        try:
            if step.kind == FOLDER:
                if _make_folder(tree, step, owner):
                    made.append(step)
                yield Outcome(step.path)
            elif step.kind == FILE:
                yield Outcome(step.path, _put(tree, step, owner))
            else:
                yield Outcome(step.path, _make_link(tree, step, owner))
        except OSError as error:
            yield Outcome(step.path, error.strerror or type(error).__name__)
    for step in reversed(made):
        with contextlib.suppress(OSError), tree.parent(f"{step.path}/x") as (folder, _):
            system.set_mode(folder, step.mode & 0o1777)
            os.utime(folder, ns=(step.mtime, step.mtime))


def _make_folder(tree: Tree, step: Step, owner: int | None) -> bool:
    with tree.parent(step.path) as (folder, name):
        try:
            os.mkdir(name, 0o700, dir_fd=folder)
        except FileExistsError:
            if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise
            return False
        _own(folder, name, owner)
        return True


def _put(tree: Tree, step: Step, owner: int | None) -> str:
    with tree.parent(step.path) as (folder, name):
        part = part_name(name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)
        try:
            _write_part(folder, part, step, owner)
            if step.replaces is None:
                os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            elif _digest(tree, step.path) != step.replaces:
                return "it was changed at this very moment"
            else:
                os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
            return ""
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part, dir_fd=folder)


def _write_part(folder: int, part: str, step: Step, owner: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | system.O_NOFOLLOW | system.O_CLOEXEC
    handle = os.open(part, flags, 0o600, dir_fd=folder)
    try:
        digest = Digest(plain=not step.digest.startswith(RUNS))
        position = 0
        piece: Part = b""
        for piece in step.pieces:
            digest.update(piece)
            position = write(handle, piece, position)
        if isinstance(piece, Empty):
            os.ftruncate(handle, position)
        if digest.text() != step.digest:
            raise OSError(5, "the saved content has another hash")
        if owner is not None and sys.platform != "win32":
            os.fchown(handle, owner, owner)
        system.set_mode(handle, step.mode & 0o1777)
        os.utime(handle, ns=(step.mtime, step.mtime))
    finally:
        os.close(handle)


def _make_link(tree: Tree, step: Step, owner: int | None) -> str:
    with tree.parent(step.path) as (folder, name):
        if step.kind == LINK:
            os.symlink(step.target, name, dir_fd=folder)
            _own(folder, name, owner)
            with contextlib.suppress(OSError):
                os.utime(name, ns=(step.mtime, step.mtime), dir_fd=folder, follow_symlinks=False)
            return ""
        if step.kind != HARD_LINK:
            return "it is neither file, folder nor link"
        split(step.target)
        with tree.parent(step.target) as (other, first):
            os.link(first, name, src_dir_fd=other, dst_dir_fd=folder, follow_symlinks=False)
        return ""


def _own(folder: int, name: str, owner: int | None) -> None:
    """Give away what was just made; by its descriptor, and only where it is still ours.

    SECURITY: the folder is its owner's, who may put something else under this name at any moment, such as a second name
    of a file that must not become theirs.
    """
    if owner is None or sys.platform == "win32":
        return
    handle = os.open(name, system.O_PATH | system.O_NOFOLLOW | system.O_CLOEXEC, dir_fd=folder)
    try:
        found = os.fstat(handle)
        made = stat.S_ISDIR(found.st_mode) or (stat.S_ISLNK(found.st_mode) and found.st_nlink == 1)
        if made and found.st_uid == system.user():
            os.chown(f"/proc/self/fd/{handle}", owner, owner)  # of a link: the link itself (symlink(7))
    finally:
        os.close(handle)
