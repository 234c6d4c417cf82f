"""JupyterHub's database holds room of its own, so that log-ins go on while the disk is full.

SQLite writes over what was freed in its file, which takes no room of the disk (https://www.sqlite.org/fileformat.html).
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

ROOM = 2**21


def hold() -> None:
    """Have every connection hold room, before JupyterHub opens its database.

    For a volume that may be a network's, where a write-ahead log cannot be had. The journal, which comes before each
    change, then stays where it is, with the size that it once had (https://www.sqlite.org/pragma.html#pragma_journal_mode).
    """
    if not event.contains(Engine, "connect", _set_pragmas):
        event.listen(Engine, "connect", _set_pragmas)


def _set_pragmas(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA journal_mode=PERSIST")
        make(connection, journal=True)


def make(connection: sqlite3.Connection, *, journal: bool = False) -> None:
    """Free room in the database's file; with `journal` in its journal, too, to which replaced pages are copied."""
    try:
        connection.execute("CREATE TABLE skrt_room (filling BLOB)")
        connection.execute("INSERT INTO skrt_room VALUES (zeroblob(?))", [ROOM])
        connection.commit()
        if journal:
            connection.execute("UPDATE skrt_room SET filling = randomblob(?)", [ROOM])
            connection.commit()
        connection.execute("DROP TABLE skrt_room")
        connection.commit()
    except sqlite3.Error:  # the disk is full already, or another connection writes just now
        connection.rollback()
