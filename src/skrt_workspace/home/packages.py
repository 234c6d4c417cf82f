"""What a participant installed into the home with pip: listed by the notes that pip leaves, and moved aside.

Nothing of a home is imported or run, and nothing that stands in it is trusted: notes are read only so far, sizes come
from the disk. `python -P -s -m skrt_workspace.home.packages list|reset FOLDER` does it in a pod, and prints JSON.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from skrt_workspace import system
from skrt_workspace.home.tree import Tree
from skrt_workspace.home.walk import FOLDER, Folder, Unread, Walk

_PACKAGES = (r"\.local", "lib", r"python3\.[0-9]{1,3}", "site-packages")
_EXTENSIONS = (r"\.local", "share", "jupyter", "labextensions")
"""Where pip's `--prefix ~/.local` puts packages, and what JupyterLab loads of them."""
_DEPTH = 4
_NOTES = ".dist-info"
_METADATA, _RECORD = 64 * 1024, 8 * 1024 * 1024
"""Bytes that are read of a package's description, and of the list of its files."""
_ALL_RECORDS = 64 * 1024 * 1024
_LINES, _ALL_OWNERS = 100_000, 500_000
"""Files in one list, and names kept of all lists: short lines cost many times their size in memory."""
_MOST_PACKAGES = 2000
_MOST_PROBLEMS = 20
_LONGEST = 100  # characters of a name or a version
_HELD_UP = "it is no folder"


@dataclass(frozen=True, slots=True)
class Package:
    """One package. python: whose it is; size: bytes on the disk, None where its list cannot be used."""

    name: str
    version: str
    python: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Installed:
    """What is in one home. other: bytes that belong to none of the packages; problems: what could not be looked at."""

    packages: tuple[Package, ...] = ()
    other: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """A folder that got another name, both as paths from the home."""

    path: str
    now: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """What was moved in one home, and what could not be."""

    moved: tuple[Moved, ...] = ()
    problems: tuple[str, ...] = ()


def installed(root: str) -> Installed:
    """The packages in the home `root`. Raises OSError where there is no such folder."""
    found: list[_Place] = []
    problems: list[str] = []
    for step in _places(root, problems, _PACKAGES):
        if step.depth == _DEPTH:
            found.append(_Place(step, found))
        found[-1].count(step)
    packages = [package for place in found for package in place.packages()]
    packages.sort(key=lambda package: (package.name.lower(), package.python))
    return Installed(tuple(packages[:_MOST_PACKAGES]), sum(place.other for place in found), _few(problems))


def set_aside(root: str) -> SetAside:
    """Give all folders of packages in the home `root` other names. Raises OSError where there is no such folder."""
    problems: list[str] = []
    paths: list[str] = []
    for step in _places(root, problems, _PACKAGES, _EXTENSIONS):
        paths += [step.path] if step.names else []
        step.folders = []
    name = datetime.now(UTC).strftime("set-aside-%Y%m%d-%H%M%S")
    moved = []
    for path in paths:
        now = f"{path}.{name}"
        try:
            _rename(root, path, now)
        except OSError as error:
            problems.append(f"{path}: {error.strerror or 'it cannot be moved'}")
        else:
            moved.append(Moved(path, now))
    return SetAside(tuple(moved), _few(problems))


class _Place:
    """One folder of packages: which package each file belongs to, by at most two parts of its path."""

    def __init__(self, folder: Folder, before: list[_Place]) -> None:
        self.read = 0
        self._may_read = _ALL_RECORDS - sum(place.read for place in before)
        self._may_keep = _ALL_OWNERS - sum(len(place._owners) for place in before)
        self.other = 0
        self._python = folder.path.split("/")[2].removeprefix("python")
        self._named: dict[str, tuple[str, str]] = {}
        self._sizes: dict[str, int] = {}
        self._owners: dict[str, str] = {}
        self._seen: set[int] = set()
        self._top: tuple[str, ...] = ()
        for notes in folder.folders:
            if notes.endswith(_NOTES) and len(self._named) < _MOST_PACKAGES:
                self._take(folder.handle, notes)

    def _take(self, handle: int, notes: str) -> None:
        self._named[notes] = _described(_beginning(handle, notes, "METADATA", _METADATA) or b"", notes)
        record = _beginning(handle, notes, "RECORD", _RECORD + 1)
        if record is None or len(record) > _RECORD or self.read + len(record) > self._may_read:
            return
        lines = record.count(b"\n")
        if lines > _LINES or len(self._owners) + lines > self._may_keep:
            return
        self.read += len(record)
        self._sizes[notes] = 0
        self._owners[notes] = notes
        for line in record.decode("utf-8", "surrogateescape").split("\n"):
            parts = line.rsplit(",", 2)[0].strip('"').split("/", 2)
            self._owners["/".join(parts[:2])] = notes

    def count(self, step: Folder) -> None:
        """Add the sizes of the files in this folder to those of their packages."""
        below = step.depth - _DEPTH
        if below in (1, 2):
            self._top = tuple(step.path.split("/")[_DEPTH:])
        top = self._top[: min(below, 2)]
        for name in step.names:
            try:
                found = os.stat(name, dir_fd=step.handle, follow_symlinks=False)
            except OSError:
                continue  # it vanished meanwhile
            if stat.S_ISDIR(found.st_mode) or found.st_ino in self._seen:
                continue
            if found.st_nlink > 1:
                self._seen.add(found.st_ino)
            owner = self._owner("/".join((*top, name)[:2]))
            if owner is None:
                self.other += system.on_disk(found)
            else:
                self._sizes[owner] += system.on_disk(found)

    def _owner(self, key: str) -> str | None:
        return self._owners.get(key) or self._owners.get(key.partition("/")[0])

    def packages(self) -> Iterator[Package]:
        """All packages of this place."""
        for notes, (name, version) in self._named.items():
            yield Package(name, version, self._python, self._sizes.get(notes))


def _places(root: str, problems: list[str], *ways: tuple[str, ...]) -> Iterator[Folder]:
    """The folders at the ends of these ways, and all below them."""
    for step in Walk(root):
        if isinstance(step, Unread):
            problems.append(f"{step.path[:_LONGEST]}: {step.why}")
        elif step.depth >= _DEPTH:
            yield step
        else:
            names = step.path.split("/") if step.depth else []
            wanted = [way[step.depth] for way in ways if all(map(re.fullmatch, way, names))]
            here = [name for name in step.names if any(re.fullmatch(part, name) for part in wanted)]
            problems += [f"{'/'.join((*names, name))}: {_HELD_UP}" for name in here if name not in step.folders]
            step.folders = [name for name in here if name in step.folders]


def _described(metadata: bytes, notes: str) -> tuple[str, str]:
    """A package's name and version as it says itself; where it does not, as the folder of its notes is called."""
    head = metadata.decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")[0]
    name, _, version = notes.removesuffix(_NOTES).partition("-")
    said = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in head.split("\n"))}
    return (said.get("name") or name)[:_LONGEST], (said.get("version") or version)[:_LONGEST]


def _beginning(place: int, notes: str, name: str, size: int) -> bytes | None:
    """The first bytes of a note; None for what is no regular file that can be read. A pipe holds nobody up."""
    try:
        folder = os.open(notes, FOLDER, dir_fd=place)
        try:
            handle = os.open(
                name, os.O_RDONLY | system.O_NOFOLLOW | system.O_NONBLOCK | system.O_CLOEXEC, dir_fd=folder
            )
        finally:
            os.close(folder)
        try:
            return system.read_at(handle, size, 0) if stat.S_ISREG(os.fstat(handle).st_mode) else None
        finally:
            os.close(handle)
    except OSError:
        return None


def _rename(root: str, path: str, now: str) -> None:
    """Rename, and for packages leave an empty folder: a kernel sees what is installed only where there was one."""
    home = Path(root).stat()
    with Tree(root).parent(path) as (folder, name):
        os.rename(name, now.rpartition("/")[2], src_dir_fd=folder, dst_dir_fd=folder)
        if name == _PACKAGES[-1]:
            os.mkdir(name, 0o755, dir_fd=folder)
            handle = os.open(name, FOLDER, dir_fd=folder)
            try:
                if sys.platform != "win32" and os.geteuid() == 0:
                    os.fchown(handle, home.st_uid, home.st_gid)
            finally:
                os.close(handle)


def _few(problems: list[str]) -> tuple[str, ...]:
    more = len(problems) - _MOST_PROBLEMS
    return (*problems[:_MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else []))


def main(arguments: list[str] | None = None) -> int:
    """Print what is in a home, or what was moved, as one JSON document."""
    action, root = sys.argv[1:] if arguments is None else arguments
    print(json.dumps(asdict(installed(root) if action == "list" else set_aside(root))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
