"""What a program that looks at files is shown: the folders that were named, read-only, or copies that it can read.

A hub that runs as root gives the program a user of its own, and the files may be closed to that user. Then the hub
copies them, byte by byte and without a look inside; links are not followed, and other things than files left out.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.errors import SpaceError, UsageError
from skrt_hub.files import told
from skrt_workspace import system
from skrt_workspace.home.by_path import below
from skrt_workspace.home.content import parts, write
from skrt_workspace.home.walk import OTHER_DISK, Unread, Walk
from skrt_workspace.sandbox.document import Bind, User
from skrt_workspace.sandbox.filesystem import SYSTEM

_BY_OTHERS = stat.S_IROTH
_ENTERED_BY_OTHERS = stat.S_IROTH | stat.S_IXOTH
_LEFT_FREE = 1 << 30
_LONGEST_PATH = 3800


@dataclass(frozen=True)
class Shown:
    """Binds for the sandbox, and under which path the program finds what a person named."""

    binds: tuple[Bind, ...]
    inside: Mapping[str, str]


def show(named: Iterable[Path], copies: Path, user: User | None, environment: Path, *, isolated: bool) -> Shown:
    """Show these. `copies` is where copies are made, if any; without namespaces everything has the path it has."""
    binds, inside = [], {}
    seen_anyway = (os.path.realpath(environment), *SYSTEM)
    for number, path in enumerate(dict.fromkeys(named)):
        if not path.exists():
            raise UsageError(f"There is no {path}.", remedy="Nothing was written.")
        real = source = Path(os.path.realpath(path))
        if any(real.is_relative_to(folder) for folder in seen_anyway):
            inside[str(path)] = str(real)
            continue
        if user is not None and (not isolated or not _is_open_to_all(real)):
            source = copies / str(number) / (real.name or "root")
            with told(path):
                _copy(real, source, user)
        bind = Bind(str(source), str(real if isolated else source))
        inside[str(path)] = bind.inside
        binds.append(bind)
    return Shown(tuple(_outermost(binds)), inside)


def _outermost(binds: list[Bind]) -> list[Bind]:
    """Without those that another one shows already: nothing is mounted within a folder that is shown as it is."""
    kept: dict[str, Bind] = {}
    for bind in sorted(binds, key=lambda one: one.inside):
        if not any(Path(bind.inside).is_relative_to(outer) for outer in kept):
            kept[bind.inside] = bind
    return list(kept.values())


def _is_open_to_all(path: Path) -> bool:
    """Whether every user can read all below; the folders above do not count where it is mounted by itself."""
    mode = path.stat().st_mode
    if not path.is_dir():
        return bool(mode & _BY_OTHERS)
    if mode & _ENTERED_BY_OTHERS != _ENTERED_BY_OTHERS:
        return False
    for folder, folders, names in below(path):
        for name in (*folders, *names):
            try:
                found = Path(folder, name).lstat().st_mode
            except OSError:  # it is changed just now: a copy is made as it is then
                return False
            needed = _ENTERED_BY_OTHERS if stat.S_ISDIR(found) else _BY_OTHERS
            if not stat.S_ISLNK(found) and found & needed != needed:
                return False
    return True


def _copy(source: Path, target: Path, user: User) -> None:
    """Copy for this user alone to read; nobody but root can write there."""
    for folder in (target.parent.parent, target.parent):
        _make_folder(folder, user)
    if source.is_dir():
        _copy_folder(source, target, user)
        return
    above = os.open(source.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _copy_file(source.name, above, target, user)
    finally:
        os.close(above)


def _copy_folder(source: Path, target: Path, user: User) -> None:
    """All below a folder, but what lies so deep that no program could name it.

    SECURITY: it may be somebody's who changes it meanwhile, so it is gone through by descriptors.
    """
    for step in Walk(source):
        if isinstance(step, Unread):
            if step.why == OTHER_DISK:
                _copy_folder(source / step.path, target / step.path, user)
            continue
        into = target / step.path
        if len(os.fsencode(into)) > _LONGEST_PATH:
            step.folders.clear()
            continue
        _make_folder(into, user)
        folders = set(step.folders)
        for name in step.names:
            if name not in folders:
                _copy_file(name, step.handle, into / name, user)


def _make_folder(folder: Path, user: User) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, -1, user.gid)
    folder.chmod(0o750)


def _copy_file(name: str, above: int, target: Path, user: User) -> None:
    """Copy a regular file with its holes: one of nothing else would fill any disk. Raises SpaceError for no room."""
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
            return
        # SECURITY: what was a file a moment ago may be a link or a pipe now.
        reader = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=above)
    except FileNotFoundError:
        return
    try:
        found = os.fstat(reader)
        if not stat.S_ISREG(found.st_mode):
            return
        free = shutil.disk_usage(target.parent).free
        if system.on_disk(found) > free - _LEFT_FREE:
            raise SpaceError(
                f"There is no room for a copy of {name}, which is made to look at it.",
                why=f"{max(0, free - _LEFT_FREE) // 10**6} MB can be used.",
                remedy="Make room on that disk, or name fewer files.",
            )
        with target.open("xb") as new:
            position = 0
            for part in parts(reader, found.st_size):
                position = write(new.fileno(), part, position)
            os.ftruncate(new.fileno(), position)
            os.fchown(new.fileno(), -1, user.gid)
            os.fchmod(new.fileno(), 0o640)
    finally:
        os.close(reader)
