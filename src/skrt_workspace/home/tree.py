"""Files of a home reached without following any link, and written whole or not at all.

A home belongs to its participant, who may put a link anywhere in it. Every path here is walked folder by folder with
O_NOFOLLOW (openat(2)), so that the same code is safe for the participant's own programs and for the hub.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from skrt_workspace import system
from skrt_workspace.home.content import digest_of_content
from skrt_workspace.home.walk import FOLDER, TO_READ, unlocked

CHUNK = 1024 * 1024
_SMALL = 64 * CHUNK
_MOSTLY = 8
PART_PREFIX = ".skrt-part-"


class BlockedError(OSError):
    """A part of the path that must be a folder is something else: a file, a link, a device."""

    def __init__(self, path: str, part: str) -> None:
        super().__init__(errno.ENOTDIR, "a part of the path is not a folder", path)
        self.part = part


class Something:
    """What `look` returns for what exists and is not a regular file that can be read."""

    def __repr__(self) -> str:
        return "<not a readable file>"


OTHER = Something()
Look = str | None | Something


class Tree:
    """A folder whose files are read and written by paths relative to it (`a/b.txt`), never through links."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = os.fspath(root)

    def look(self, path: str) -> Look:
        """The SHA-256 digest of a regular file, None where nothing is, OTHER for anything else."""
        try:
            with self.opened(path) as handle:
                return digest_of(handle) if stat.S_ISREG(os.fstat(handle).st_mode) else OTHER
        except FileNotFoundError:
            return None
        except OSError:
            return OTHER

    def exists(self, path: str) -> bool:
        """Whether anything has this name, a dangling link included."""
        try:
            with self.parent(path) as (folder, name):
                os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[int]:
        """A descriptor that reads the file (O_NONBLOCK: a named pipe must not hold anybody up).

        What its owner has locked (`chmod 0`) is unlocked by the owner's own right, and locked again.
        """
        with self.parent(path, unlock=True) as (folder, name):
            handle = _open_to_read(folder, name)
        try:
            yield handle
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def parent(self, path: str, *, create: bool = False, unlock: bool = False) -> Iterator[tuple[int, str]]:
        """A descriptor of the folder that holds `path`, and the last part of the path.

        Raises FileNotFoundError where a folder is missing (unless `create`), BlockedError where it is no folder.
        """
        parts = split(path)
        locked: list[tuple[int, int]] = []
        folder = os.open(self.root, os.O_RDONLY | system.O_DIRECTORY | system.O_CLOEXEC)
        try:
            for index in range(len(parts) - 1):
                if unlock:
                    _unlock(folder, locked)
                deeper = _enter(folder, parts, index, create=create, unlock=locked if unlock else None)
                os.close(folder)
                folder = deeper
            if unlock:
                _unlock(folder, locked)
            yield folder, parts[-1]
        finally:
            os.close(folder)
            for handle, mode in reversed(locked):
                with contextlib.suppress(OSError):
                    system.set_mode(handle, mode)
                os.close(handle)

    def first_blocked(self, path: str) -> str | None:
        """The first folder on the way to `path` that exists and is no folder, or None."""
        try:
            with self.parent(path):
                return None
        except BlockedError as error:
            return error.part
        except OSError:
            return None

    def put(self, path: str, source: int, *, mode: int, replaces: str | None) -> bool:
        """Copy what the descriptor `source` reads to `path`: whole, or not at all.

        `replaces` is the digest of the file that may be replaced, None where nothing may be there. False, with
        nothing changed, where it is otherwise by the time the new file is ready. Raises OSError.
        """
        with self.parent(path, create=True) as (folder, name):
            part = part_name(name)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part, dir_fd=folder)
            try:
                _copy_in(folder, part, source, mode, durable=replaces is not None)
                if replaces is None:
                    return _move_new(folder, part, name)
                if self.look(path) != replaces:
                    return False
                os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
                return True
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part, dir_fd=folder)

    def keep_as(self, old: str, new: str) -> None:
        """Give what is at `old` a second name in its folder (a folder cannot have two: it gets the new one).

        Raises FileExistsError where the name is taken.
        """
        with self.parent(old) as (folder, name):
            new_name = split(new)[-1]
            try:
                os.link(name, new_name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            except FileExistsError:
                raise
            except OSError:
                if self.exists(new):
                    raise FileExistsError(errno.EEXIST, "the name is taken", new) from None
                os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, path: str, digest: str) -> bool:
        """Remove the file where its content is still `digest`, and folders that this leaves empty."""
        if self.look(path) != digest:
            return False
        with self.parent(path) as (folder, name):
            os.unlink(name, dir_fd=folder)
        self._prune(split(path)[:-1])
        return True

    def forget_part(self, path: str) -> None:
        """Remove what an interrupted `put` to `path` left."""
        with contextlib.suppress(OSError), self.parent(path) as (folder, name):
            os.unlink(part_name(name), dir_fd=folder)

    def _prune(self, parts: list[str]) -> None:
        while parts:
            with contextlib.suppress(OSError), self.parent("/".join(parts)) as (folder, name):
                os.rmdir(name, dir_fd=folder)
                parts = parts[:-1]
                continue
            return


def split(path: str) -> list[str]:
    """The parts of a relative path. Raises ValueError for an absolute one, and for `.`, `..` and empty parts."""
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ValueError(f"{path!r} is not a plain relative path")
    return parts


def part_name(name: str) -> str:
    """The name of the file that is written before it becomes `name`; short, because `name` may be 255 bytes long."""
    return PART_PREFIX + hashlib.sha256(os.fsencode(name)).hexdigest()[:24]


def digest_of(handle: int) -> str:
    """The SHA-256 digest of a file; of one that is nearly all holes, as skrt_workspace.home.content makes it.

    Material is never so: whoever puts such a file in its place must not wait for hours at each start.
    """
    found = os.fstat(handle)
    if found.st_size > _SMALL and system.on_disk(found) * _MOSTLY < found.st_size:
        return digest_of_content(handle)
    state = hashlib.sha256()
    while chunk := os.read(handle, CHUNK):
        state.update(chunk)
    return state.hexdigest()


def digest_of_file(path: Path) -> str:
    """The SHA-256 digest of a file outside homes; links are followed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _enter(
    folder: int, parts: list[str], index: int, *, create: bool, unlock: list[tuple[int, int]] | None = None
) -> int:
    part = parts[index]
    try:
        return os.open(part, FOLDER, dir_fd=folder)
    except FileNotFoundError:
        if not create:
            raise
    except PermissionError:
        if unlock is None:
            raise
        handle, mode = unlocked(part, folder, TO_READ)
        unlock.append((os.dup(handle), mode))
        return handle
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            path = "/".join(parts[: index + 1])
            raise BlockedError(path, path) from None
        raise
    os.mkdir(part, 0o777, dir_fd=folder)
    return os.open(part, FOLDER, dir_fd=folder)


def _unlock(folder: int, locked: list[tuple[int, int]]) -> None:
    """A folder that its owner can list but not enter (mode 0400)."""
    found = os.fstat(folder)
    if not found.st_mode & 0o100 and system.user() == found.st_uid != 0:
        with contextlib.suppress(OSError):
            system.set_mode(folder, stat.S_IMODE(found.st_mode) | TO_READ)
            locked.append((os.dup(folder), stat.S_IMODE(found.st_mode)))


def _open_to_read(folder: int, name: str) -> int:
    try:
        return os.open(name, os.O_RDONLY | system.O_NOFOLLOW | system.O_CLOEXEC | system.O_NONBLOCK, dir_fd=folder)
    except PermissionError:
        handle, mode = unlocked(name, folder, 0o400)
        system.set_mode(handle, mode)
        return handle


def _copy_in(folder: int, name: str, source: int, mode: int, *, durable: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | system.O_NOFOLLOW | system.O_CLOEXEC
    handle = os.open(name, flags, mode, dir_fd=folder)
    try:
        while chunk := os.read(source, CHUNK):
            view = memoryview(chunk)
            while view:
                view = view[os.write(handle, view) :]
        if durable:
            # The file that this one replaces is gone after the rename: a power loss must not leave an empty one.
            os.fsync(handle)
    finally:
        os.close(handle)


def _move_new(folder: int, part: str, name: str) -> bool:
    """Link then unlink: unlike rename(2), link(2) never replaces a file that appeared in the meantime."""
    try:
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
            raise
        # A file system without hard links, as some volumes of clusters are.
        try:
            os.stat(name, dir_fd=folder, follow_symlinks=False)
            return False
        except FileNotFoundError:
            os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    return True


def label(path: str, words: str) -> str:
    """The path with words in its name: `notes.txt` becomes `notes (words).txt`, never longer than 255 bytes."""
    parts = split(path)
    suffix = PurePosixPath(parts[-1]).suffix
    stem = parts[-1].removesuffix(suffix)
    addition = f" ({words})"
    while len(os.fsencode(stem + addition + suffix)) > 255 and stem:
        stem = stem[:-1]
    return "/".join((*parts[:-1], stem + addition + suffix))
