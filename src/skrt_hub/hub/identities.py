"""The files that decide who is who: looked at before each start, and several copies of them kept.

Accounts, the table of folders and user ids, and JupyterHub's database lie in one folder; the copies lie in `copies`
beside them. A copy is never replaced: older ones are let go, but never the fullest one, so that an emptied file cannot
push out what was in it before.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from skrt_hub.errors import SkrtHubError, StateError
from skrt_hub.files import ensure_folder, write_atomically
from skrt_hub.hub import database
from skrt_hub.layout import Layout

_NEWEST = 3
_DAYS = 7
_STAMP = "%Y%m%dT%H%M%S%f"
_COPY = re.compile(r"\d{8}T\d{12}")


class _DamagedError(ValueError):
    """The file cannot be used; the text says why."""


@dataclass(frozen=True)
class _Kind:
    """One such file. `count`: how many people it knows; raises _DamagedError. `without`: what a hub without it does."""

    what: str
    file: Path
    count: Callable[[Path], int]
    without: str


def check(layout: Layout) -> None:
    """Raise StateError for the first file that is damaged, or missing while there are copies of it."""
    for kind in _kinds(layout):
        _check(layout, kind)


def check_accounts(layout: Layout) -> None:
    """The same for the accounts alone."""
    _check(layout, _kinds(layout)[0])


def problems(layout: Layout) -> tuple[str, ...]:
    """What `check` would raise, as lines for `status`."""
    found = []
    for kind in _kinds(layout):
        try:
            _check(layout, kind)
        except SkrtHubError as error:
            found.append(f"{error.what} {error.why} {error.remedy}")
    return tuple(found)


def keep_copies(layout: Layout) -> None:
    """Keep a copy of each file as it is now, where it is sound and has none yet. Raises SkrtHubError or OSError."""
    for kind in _kinds(layout):
        try:
            count = kind.count(kind.file)
        except (FileNotFoundError, _DamagedError):
            continue
        held = _copies(layout, kind)
        if count == 0 or (held and _same(kind.file, held[0])):
            continue
        ensure_folder(_folder(layout), mode=0o700)
        _copy(kind, _folder(layout) / f"{kind.file.name}.{datetime.now(UTC):{_STAMP}}")
        for old in _prune(kind, _copies(layout, kind)):
            old.unlink(missing_ok=True)


def renew_copies(layout: Layout) -> None:
    """Let all copies go, for one of each file as it is now: somebody who was in them was erased."""
    check(layout)  # a damaged file needs its copies
    for copy in _folder(layout).glob("*"):
        copy.unlink()
    keep_copies(layout)


def homes_without_account(layout: Layout, accounts: set[str], places: dict[str, str]) -> list[str]:
    """Names that have a home and no account (`places`: folder of each name): nobody may take such a name."""
    return sorted(
        name for name, folder in places.items() if name not in accounts and os.path.lexists(layout.home(folder))
    )


def _check(layout: Layout, kind: _Kind) -> None:
    held = _copies(layout, kind)
    try:
        kind.count(kind.file)
        return
    except FileNotFoundError:
        if not held:
            return
        what, why = f"The hub's {kind.what} {kind.file} is missing.", "There are copies of it, so it was there before."
    except _DamagedError as error:
        if not held and kind.file.stat().st_size == 0 and kind.file == layout.database:
            return  # a first start that was interrupted
        what, why = f"The hub's {kind.what} {kind.file} is damaged.", str(error)
    if held:
        leftovers = f"rm -f {kind.file}-* && " if kind.file == layout.database else ""
        remedy = f"Put the newest copy in its place: {leftovers}cp -p {held[0]} {kind.file}"
    else:
        remedy = f"Move {kind.file} away and run `skrt-hub up`: {kind.without}"
    raise StateError(what, why=why, remedy=remedy)


def _kinds(layout: Layout) -> tuple[_Kind, ...]:
    return (
        _Kind(
            "accounts file",
            layout.accounts,
            _count_accounts,
            "names that have a home stay locked until `skrt-hub participants password NAME` gives each a password.",
        ),
        _Kind("table of folders", layout.folders, _count_folders, "folders keep their names; user ids are given anew."),
        _Kind("database", layout.database, _count_users, "homes and passwords are kept elsewhere."),
    )


def _count_accounts(file: Path) -> int:
    return _entries(file, "accounts", dict)


def _count_folders(file: Path) -> int:
    return _entries(file, "participants", list)


def _entries(file: Path, key: str, kind: type) -> int:
    try:
        found = json.loads(file.read_bytes())[key]
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _DamagedError(f"It is no list of {key}: {error}.") from None
    except OSError as error:
        raise _DamagedError(f"{error.strerror}.") from None
    rows = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(found, kind) or not all(isinstance(row, dict) for row in rows):
        raise _DamagedError(f"It is no list of {key}.")
    return len(rows)


def _count_users(file: Path) -> int:
    if file.stat().st_size == 0:
        raise _DamagedError("It is empty: 0 bytes.")
    try:
        # A copy is nobody else's: read as such, it gets no journal beside it.
        how = "mode=ro" if file.suffix == ".sqlite" else "mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(file))}?{how}", uri=True, timeout=5)) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()
            if answer != ("ok",):
                raise _DamagedError(str(answer[0]))
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                return 0  # a first start that was interrupted
            return int(connection.execute("SELECT count(*) FROM users").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            return 0  # in use this very moment: it is whole, and looked at again later
        raise _DamagedError(f"{error}.") from None


def _folder(layout: Layout) -> Path:
    return layout.identity_copies


def _copies(layout: Layout, kind: _Kind) -> list[Path]:
    """The sound copies, the newest first."""
    folder = _folder(layout)
    found = [path for path in folder.glob(f"{kind.file.name}.*") if _COPY.fullmatch(path.name.rpartition(".")[2])]
    return [path for path in sorted(found, reverse=True) if _count_or_none(kind, path) is not None]


def _count_or_none(kind: _Kind, path: Path) -> int | None:
    try:
        return kind.count(path)
    except (OSError, _DamagedError):
        return None


def _same(file: Path, copy: Path) -> bool:
    return _changed(file) == copy.stat().st_mtime_ns


def _changed(file: Path) -> int:
    """When the file changed last; a database's last changes are in a journal beside it."""
    times = [file.stat().st_mtime_ns]
    with contextlib.suppress(FileNotFoundError):
        times.append(file.with_name(f"{file.name}-wal").stat().st_mtime_ns)
    return max(times)


def _copy(kind: _Kind, target: Path) -> None:
    """A whole copy or none, as old as the file."""
    changed = _changed(kind.file)
    if kind.count is not _count_users:
        write_atomically(target, kind.file.read_bytes(), mode=0o600)
    else:
        database.copy_database(kind.file, target)
    os.utime(target, ns=(changed, changed))


def _prune(kind: _Kind, held: list[Path]) -> list[Path]:
    """Of these copies, newest first, those that are not needed any more."""
    fullest = max(held, key=lambda path: _count_or_none(kind, path) or 0, default=None)
    newest_of_day = {_day(path): path for path in reversed(held)}
    days = sorted(newest_of_day)[-_DAYS:]
    kept = {*held[:_NEWEST], *(newest_of_day[day] for day in days), fullest}
    return [path for path in held if path not in kept]


def _day(copy: Path) -> str:
    return copy.name.rpartition(".")[2][:8]
