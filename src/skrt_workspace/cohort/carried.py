"""Files that travel with a task to a machine that does not see the home, and those that come back from there.

They lie at the same place there, so a function finds and writes files as it does at home. What they are is told by the
patient and the parameters: whatever in them names a file or a folder of the home, or of a shared folder.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from skrt_workspace.cohort import keys
from skrt_workspace.cohort.table import CohortError
from skrt_workspace.home.by_path import below

_LONGEST = 4096
LARGEST = 1 << 30
"""Bytes that one task takes along, or brings back: they pass through the memory of the engine's scheduler."""
SHARED = Path("/shared")
"""Where shared folders lie, here and there."""
_FROM_SHARED = ".shared/"
"""What the name of such a file in a piece begins with: nothing hidden of a home travels, so no other does."""


def inputs_of(value: Any) -> tuple[str, ...]:
    """The files and folders that a value names: those of the home by their place in it, shared ones by their path."""
    return tuple(sorted(set(_named(value, set()))))


def shared_folders(home: Path) -> tuple[tuple[str, bool], ...]:
    """The shared folders that are here: their names, and whether the home has its link to them."""
    try:
        names = sorted(found.name for found in SHARED.iterdir() if found.is_dir())
    except OSError:
        return ()
    return tuple((name, (home / name).is_symlink()) for name in names)


def pack(home: Path, inputs: Iterable[str]) -> bytes:
    """These files and folders as one piece. Raises CohortError for what is too much to travel, and OSError."""
    found = sorted({file for place in inputs for file in _files(home / place)})
    return _packed(home, found)


class Place:
    """A home that is empty but for what tasks bring along, on a machine that does not see the real one."""

    def __init__(self, home: Path, folder: Path) -> None:
        """`folder` is where functions run; it stays."""
        self._home, self._folder = home, folder
        self._stays = {home, SHARED}

    def make_room(self, shared: Iterable[tuple[str, bool]]) -> None:
        """Have the owner's shared folders here, empty: a task may write to one of which it was given nothing."""
        for name, linked in shared:
            with suppress(OSError):
                (SHARED / name).mkdir(exist_ok=True)
                self._stays.add(SHARED / name)
                if linked and not (self._home / name).is_symlink():
                    (self._home / name).symlink_to(SHARED / name)

    def bring(self, piece: bytes) -> list[Path]:
        """Lay files where they lie at home; returns them."""
        return unpack(self._home, piece)

    def look(self) -> dict[Path, tuple[int, int]]:
        """What is there, so that what a task writes can be told from it."""
        return stamps((*_visible(self._home), *_real(SHARED)))

    def new_since(self, before: Mapping[Path, tuple[int, int]]) -> list[Path]:
        """The files that were written since then."""
        return sorted(file for file, stamp in self.look().items() if before.get(file) != stamp)

    def clear(self, files: Iterable[Path]) -> None:
        """Remove these files, and folders that have nothing else in them: the next task finds none of it."""
        for file in files:
            file.unlink(missing_ok=True)
            for above in file.parents:
                if above in self._stays or self._folder.is_relative_to(above):
                    break
                try:
                    above.rmdir()
                except OSError:
                    break

    def take(self, files: Iterable[Path]) -> bytes:
        """These files as one piece, to be laid into the real home. Raises CohortError where that is too much."""
        return _packed(self._home, files)


def stamps(files: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """What tells of each whether it has been written anew."""
    return {file: (found.st_mtime_ns, found.st_size) for file in files if (found := file.stat())}


def unpack(home: Path, piece: bytes) -> list[Path]:
    """Lay the files of a piece below the home, and into shared folders; returns them.

    Raises tarfile.TarError and OSError; nothing lands outside of both.
    """
    laid = []
    with tarfile.open(fileobj=io.BytesIO(piece)) as tar:
        for member in tar.getmembers():
            root, name = _place_of(home, member.name)
            if name and member.isreg():
                tar.extract(member.replace(name=name, deep=False), root, filter="data")
                laid.append(root / name)
    return laid


def _place_of(home: Path, name: str) -> tuple[Path, str]:
    """Below which folder a file of a piece belongs, and its name there; no name for one that belongs nowhere."""
    if name.startswith(_FROM_SHARED):
        return SHARED, name.removeprefix(_FROM_SHARED)
    if name.startswith("."):
        return home, ""
    real = (home / name).parent.resolve()
    if real.is_relative_to(SHARED):  # by the home's link to a shared folder
        return SHARED, str(real.relative_to(SHARED) / Path(name).name)
    return home, name


def _name_of(home: Path, file: Path) -> str:
    if file.is_relative_to(home):
        return str(file.relative_to(home))
    return f"{_FROM_SHARED}{file.relative_to(SHARED)}"


def _packed(home: Path, files: Iterable[Path]) -> bytes:
    total, stream = 0, io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            total += file.stat().st_size
            if total > LARGEST:
                raise CohortError(
                    f"The files of one patient take more than {LARGEST / 2**30:.0f} GB, which is too much to travel "
                    "to another machine. Give fewer files, or ask for a shared data folder."
                )
            with file.open("rb") as content:
                about = tar.gettarinfo(str(file), arcname=_name_of(home, file))
                about.type = tarfile.REGTYPE  # a link that leads to a file is that file
                about.size = os.fstat(content.fileno()).st_size
                tar.addfile(about, content)
    return stream.getvalue()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for folder, folders, names in below(path):
            folders.sort()
            yield from (file for name in names if (file := Path(folder, name)).is_file())


def _visible(home: Path) -> Iterator[Path]:
    """Files of the home but for programs' own, which lie in hidden folders, and for what lies behind its links."""
    for top in home.iterdir():
        if not top.name.startswith(".") and not top.is_symlink():
            yield from _real(top)


def _real(path: Path) -> Iterator[Path]:
    yield from (file for file in _files(path) if not file.is_symlink())


def _named(value: Any, seen: set[int]) -> Iterator[str]:
    if isinstance(value, (str, os.PathLike)):
        yield from _place_named(os.fspath(value))
    elif id(value) not in seen:
        seen.add(id(value))
        for part in _parts(value):
            yield from _named(part, seen)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, (FunctionType, MethodType)):
        used = [each for function in keys.functions(value, set()) for each in keys.used(function).values()]
        return [*used, *(getattr(value, "__defaults__", None) or ())]
    if type(value).__module__ == "__main__":
        return list(getattr(value, "__dict__", {}).values())
    return ()


def _place_named(name: str | bytes) -> Iterator[str]:
    text = os.fsdecode(name)
    if not text or "\0" in text or len(text) > _LONGEST:
        return
    home, here = Path.home(), Path.cwd()
    path = Path(os.path.normpath(here / text))
    if path != SHARED and path.is_relative_to(SHARED):
        with suppress(OSError):
            yield from (str(path),) if path.exists() else ()
        return
    if not path.is_relative_to(home) or here.is_relative_to(path):
        return  # a word such as ".": nobody means all of that as a patient
    place = path.relative_to(home)
    with suppress(OSError):
        if place.parts and not place.parts[0].startswith(".") and path.exists():
            yield str(place)
