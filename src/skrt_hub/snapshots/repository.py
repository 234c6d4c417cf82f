"""Where saved copies are kept: a few operations on whole, named files, each done in one step or not at all.

skrt-hub-copies.json      what this is
packs/<hash>.tar.zst      contents; the name is the SHA-256 of the pack
packs/<hash>.idx.zst      what is in the pack
saves/<time>/<home>.jsonl.zst   the manifest of one home
saves/<time>/save.json    written last: the save is complete
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Protocol

from skrt_hub.errors import CopyError, PermissionsError, SpaceError
from skrt_hub.files import ensure_folder, exclusive, read_json, write_atomically, write_json
from skrt_workspace import system

MARK = "skrt-hub-copies.json"
FORMAT, SEALED_FORMAT = 1, 2
"""Of a place; the second is encrypted (sealed.py), which older skrt-hubs do not know."""
PLAIN_MARK = {"format": FORMAT, "what": "saved copies of homes, made by skrt-hub"}
_GATHERED = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class Repository(Protocol):
    """Named files. Every method raises CopyError where the place cannot be reached or used."""

    label: str

    def put(self, name: str, data: bytes | Sequence[bytes]) -> None:
        """Keep `data` (or its parts) as `name`: afterwards it is all there, or (on an error) nothing changed."""

    def holds(self, name: str, data: bytes | Sequence[bytes]) -> bool:
        """Read the file back from where it is kept: whether it is `data`, byte for byte."""

    def get(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """The file's content, or a part of it. Raises CopyError where it is missing."""

    def names(self, folder: str) -> list[str]:
        """The names of all files below `folder`, in order."""

    def remove(self, name: str) -> None:
        """Remove the file; no error where it is gone."""

    def locked(self, *, shared: bool = False) -> AbstractContextManager[None]:
        """Hold the place alone, to save, or with other readers. Raises BusyError where another has it otherwise."""


class FolderRepository:
    """A folder on a disk, a mounted drive or a network share."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.label = str(root)

    def put(self, name: str, data: bytes | Sequence[bytes]) -> None:
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(path, data, mode=0o600)
            _forget_cached(path)
        except PermissionsError as error:
            raise CopyError(f"{self.label} cannot be written.", why=error.why, remedy=_REMEDY) from None
        except OSError as error:
            raise self._error(error) from None

    def holds(self, name: str, data: bytes | Sequence[bytes]) -> bool:
        try:
            with self._path(name).open("rb", buffering=0) as stream:
                for part in gathered([data] if isinstance(data, bytes) else data):
                    if _read_full(stream, len(part)) != part:
                        return False
                ended = not stream.read(1)
                system.forget_cached(stream.fileno(), 0, 0)
                return ended
        except OSError as error:
            raise self._error(error, name) from None

    def get(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        try:
            with self._path(name).open("rb") as stream:
                stream.seek(start)
                data = stream.read() if length is None else stream.read(length)
                system.forget_cached(stream.fileno(), start, len(data))
                return data
        except OSError as error:
            raise self._error(error, name) from None

    def names(self, folder: str) -> list[str]:
        base = self._path(folder)
        found = []
        for root, _, files in os.walk(base):
            inside = Path(root).relative_to(self.root).as_posix()
            found += [f"{inside}/{name}" for name in files if not name.startswith(".")]
        return sorted(found)

    def remove(self, name: str) -> None:
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
            system.sync_folder(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._error(error, name) from None
        with contextlib.suppress(OSError):  # a save's folder goes with its last file
            if path.parent.parent == self.root / "saves":
                path.parent.rmdir()

    @contextlib.contextmanager
    def locked(self, *, shared: bool = False) -> Iterator[None]:
        if shared and not os.access(self.root, os.W_OK):
            yield  # a disk that can only be read: nobody changes it meanwhile
            return
        with exclusive(
            self.root / ".lock",
            what=f"Another skrt-hub command works on the copies in {self.label}.",
            remedy="Wait for its end, then run the command again.",
            shared=shared,
        ):
            if not shared:
                self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove temporary files that an interrupted command left."""
        for folder in (self.root, self.root / "packs", *(self.root / "saves").glob("*")):
            for left in folder.glob(".*.*"):
                left.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name) or ".." in name:
            raise CopyError(f"{name!r} is no name of a saved file.", why=f"It stands in the copies in {self.label}.")
        return self.root / name

    def _error(self, error: OSError, name: str = "") -> Exception:
        if error.errno in (28, 122):
            return SpaceError(f"{self.label} is full.", remedy="Make room there, or save to another place.")
        what = f"{name} is missing in the saved copies in {self.label}." if name else f"{self.label} cannot be used."
        return CopyError(what, why=f"{error.strerror}.", remedy=_REMEDY)


def gathered(parts: Sequence[bytes]) -> Iterator[bytes]:
    """The same bytes in parts that are not small: many small ones are put together."""
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _GATHERED:
            yield waiting[0] if len(waiting) == 1 else b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _read_full(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    while len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data


def _forget_cached(path: Path) -> None:
    """Have what was written read from the disk next time, not from memory: only that proves that it is there."""
    handle = os.open(path, os.O_RDONLY | system.O_CLOEXEC)
    try:
        system.forget_cached(handle, 0, 0)
    finally:
        os.close(handle)


_REMEDY = "Check that the drive is there and that you may use it, or name another place."


def open_folder(root: Path, *, create: bool, made: Mapping[str, Any] = PLAIN_MARK) -> FolderRepository:
    """The copies in a folder. With `create`, a new or empty folder is made a place, which says `made` of itself.

    Raises CopyError where it is no such place; a folder with other things in it is never taken over.
    """
    place = FolderRepository(root)
    mark = read_json(root / MARK) if root.is_dir() else None
    if mark is None:
        others = [path.name for path in root.iterdir() if path.name != ".lock"] if root.is_dir() else []
        if not create:
            raise CopyError(
                f"There are no saved copies in {root}.", remedy="Name the folder that `save --to` was given."
            )
        if others and not _only_leftovers(others):
            raise CopyError(
                f"{root} holds other things.",
                why=f"Among them is {sorted(others)[0]!r}; copies need a folder of their own.",
                remedy=f"Use a new folder, such as {root / 'skrt-hub-copies'}.",
            )
        try:
            ensure_folder(root, mode=0o700)
            write_json(root / MARK, dict(made), mode=0o600)
        except PermissionsError as error:
            raise CopyError(f"{root} cannot be written.", why=error.why, remedy=_REMEDY) from None
        return place
    check_mark(mark, place.label)
    return place


def check_mark(mark: object, label: str) -> None:
    """Raise CopyError for copies of a newer kind than this skrt-hub knows."""
    number = mark.get("format") if isinstance(mark, dict) else None
    if number not in (FORMAT, SEALED_FORMAT):
        raise CopyError(
            f"The copies in {label} are of a kind that this skrt-hub does not know ({number!r}).",
            remedy="Use the version of skrt-hub that made them, or a newer one.",
        )


def _only_leftovers(names: list[str]) -> bool:
    return all(name.startswith(f".{MARK}.") for name in names)
