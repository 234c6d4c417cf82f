"""JupyterHub's database: looked at before each start, and copied, so that a damaged one can be put back."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from skrt_hub.errors import StateError
from skrt_hub.layout import Layout


def check(layout: Layout) -> None:
    """Raises StateError, naming the copy, when the database is damaged; it is left as it is."""
    if not layout.database.exists():
        return
    problem = _problem(layout.database)
    if problem is None:
        return
    copy = layout.database_copy
    remedy = (
        f"Put the copy from the last start in its place: rm -f {layout.database}-* && cp {copy} {layout.database}"
        if copy.exists()
        else f"Move {layout.database} away and run `skrt-hub up`; homes and passwords are kept elsewhere."
    )
    raise StateError(f"The hub's database {layout.database} is damaged.", why=problem, remedy=remedy)


def copy_before_start(layout: Layout) -> None:
    """Copy a sound database with SQLite's own backup (https://www.sqlite.org/backup.html), old copy or new."""
    if not layout.database.exists() or _problem(layout.database) is not None:
        return
    copy = layout.database_copy
    fresh = copy.with_name(copy.name + ".new")
    fresh.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(layout.database)) as source,
        contextlib.closing(sqlite3.connect(fresh)) as to,
    ):
        source.backup(to)
    os.chmod(fresh, 0o600)  # noqa: PTH101
    fresh.replace(copy)


def _problem(database: Path) -> str | None:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if answer == ("ok",) else str(answer[0])
