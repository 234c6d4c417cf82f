"""What JupyterHub does at every step and need not do here, found by measuring a class that starts together.

Each mend leaves JupyterHub as it is where a later version has not the part it changes; `apply` says which took effect.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import jupyterhub.handlers.login
import jupyterhub.oauth.provider
import jupyterhub.orm
from sqlalchemy import event
from sqlalchemy.engine import Engine

from skrt_hub.login import database_room

_PAGE = 4096


def apply() -> dict[str, bool]:
    """Make all mends, before JupyterHub opens its database; returns which of them could be made."""
    return {
        "database without a wait for the disk at each step": _write_ahead(),
        "no question whether the database is still there": _no_ping(),
        "server secrets hashed once": _quick_hash(),
        "users and roles found without a query": _remembered(),
        "the log-in page's template compiled once": _compiled_once(),
    }


def _write_ahead() -> bool:
    """SQLite's write-ahead log (https://www.sqlite.org/wal.html).

    With synchronous=NORMAL the database stays whole after a loss of power, and what the last moments wrote may be
    missing: sessions and servers, which a loss of power ends anyway. Accounts and homes are kept elsewhere.
    """
    if not event.contains(Engine, "connect", _set_pragmas):
        event.listen(Engine, "connect", _set_pragmas)
    return True


def _set_pragmas(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        # The log is written over from its beginning after each checkpoint, which takes no room of the disk either.
        connection.execute(f"PRAGMA wal_autocheckpoint={database_room.ROOM // 2 // _PAGE}")
        database_room.make(connection)


def _no_ping() -> bool:
    """JupyterHub asks its database `SELECT 1` before each transaction, for servers that drop connections.

    A file does not.
    """
    if not hasattr(jupyterhub.orm, "register_ping_connection"):
        return False
    jupyterhub.orm.register_ping_connection = lambda engine: None
    return True


def _quick_hash() -> bool:
    """A server's OAuth secret is hashed 16384 times over at its start and again at each log-in to it.

    That protects secrets which people choose. This one is a random token of the hub's own, which JupyterHub itself
    hashes once where it is used as an API token.
    """
    module = jupyterhub.oauth.provider
    if not hasattr(module, "hash_token"):
        return False
    original = getattr(module.hash_token, "func", module.hash_token)
    module.hash_token = partial(original, rounds=1)
    return True


def _remembered() -> bool:
    """Users and roles are looked up by name some ten times for each log-in.

    SQLAlchemy's session has them already, by number (Session.get), for as long as somebody holds them: users are held
    by the hub, roles are held here. Which number a name has is kept here too. A name that was deleted or given anew is
    found out and asked of the database again.
    """
    classes = (jupyterhub.orm.User, jupyterhub.orm.Role)
    if not all(hasattr(kind, "find") for kind in classes):
        return False
    for kind in classes:
        if not isinstance(kind.__dict__["find"], _Find):
            kind.find = _Find(kind.find)
    return True


def _compiled_once() -> bool:
    """JupyterHub compiles the authenticator's part of the log-in page, which does not change, for each visitor."""
    page = jupyterhub.handlers.login
    if not hasattr(page, "Template"):
        return False
    if not hasattr(page.Template, "cache_info"):
        page.Template = cache(page.Template)
    return True


class _Find:
    """`find(db, name)` of one class, first among what the session holds."""

    def __init__(self, original: Any) -> None:
        self._original = original
        self._numbers: dict[tuple[int, str], int] = {}
        self._held: dict[tuple[int, str], Any] = {}

    def __call__(self, db: Any, name: str) -> Any:
        kind = self._original.__self__
        number = self._numbers.get((id(db), name))
        if number is not None:
            held = db.get(kind, number)
            if held is not None and held.name == name:
                return held
        found = self._original(db, name)
        if found is not None:
            self._numbers[id(db), name] = found.id
            if kind is jupyterhub.orm.Role:
                self._held[id(db), name] = found
        return found
