"""Which content is in which pack: a cache in SQLite, so that memory stays flat however many files were ever saved.

It is made again from the packs' own indexes whenever it is missing or not right; nothing else depends on it.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from skrt_hub.snapshots import packs
from skrt_hub.snapshots.packs import Where
from skrt_hub.snapshots.repository import Repository

_AT_ONCE = 500
_KNOWN = "SELECT digest FROM contents WHERE digest IN ({})"
_TABLES = """
CREATE TABLE IF NOT EXISTS packs (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS contents (
    digest BLOB PRIMARY KEY, pack INTEGER NOT NULL,
    offset INTEGER NOT NULL, length INTEGER NOT NULL, size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_pack ON contents (pack);
CREATE TABLE IF NOT EXISTS homes (folder TEXT PRIMARY KEY, save TEXT NOT NULL, mark BLOB NOT NULL, facts TEXT NOT NULL);
"""


class Index:
    """The contents of one place. May be used from several threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._turn = threading.Lock()

    def find(self, digest: bytes) -> Where | None:
        """Where the content is, or None."""
        query = "SELECT name, offset, length, size FROM contents JOIN packs ON packs.id = pack WHERE digest = ?"
        with self._turn:
            row = self._connection.execute(query, (digest,)).fetchone()
        return Where(*row) if row else None

    def known(self, digests: Sequence[bytes]) -> set[bytes]:
        """Those of `digests` that are there; many are asked for at once, because one question costs as much."""
        found: set[bytes] = set()
        for start in range(0, len(digests), _AT_ONCE):
            part = digests[start : start + _AT_ONCE]
            query = _KNOWN.format(",".join("?" * len(part)))
            with self._turn:
                found.update(row[0] for row in self._connection.execute(query, part))
        return found

    def add_pack(self, name: str, contents: Iterable[tuple[bytes, Where]]) -> None:
        """Take up a pack that is in the place."""
        rows = [(digest, where.offset, where.length, where.size) for digest, where in contents]

        def add(connection: sqlite3.Connection) -> None:
            number = connection.execute("INSERT INTO packs (name) VALUES (?)", (name,)).lastrowid
            connection.executemany(
                "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?)",
                ((digest, number, *where) for digest, *where in rows),
            )

        self._change(add)

    def forget_pack(self, name: str) -> None:
        """Forget a pack, and what only it held."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM contents WHERE pack = (SELECT id FROM packs WHERE name = ?)", (name,))
            connection.execute("DELETE FROM packs WHERE name = ?", (name,))
            connection.execute("DELETE FROM homes")  # a content that one of them needs may be gone

        self._change(forget)

    def saved_as(self, folder: str, save: str, fingerprint: bytes) -> str | None:
        """The facts given to `remember` when this save held the home with this fingerprint; else None."""
        # The column keeps its first name, so that a cache of an older version is read.
        query = "SELECT facts FROM homes WHERE folder = ? AND save = ? AND mark = ?"
        with self._turn:
            row = self._connection.execute(query, (folder, save, fingerprint)).fetchone()
        return str(row[0]) if row else None

    def remember(self, rows: Sequence[tuple[str, str, bytes, str]]) -> None:
        """For each home (its folder), the save that holds it, its fingerprint, and facts about what is in it."""
        self._change(
            lambda connection: connection.executemany("INSERT OR REPLACE INTO homes VALUES (?, ?, ?, ?)", rows)
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _change(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Where the disk of the cache is full, go on in memory: homes can be saved elsewhere from a full disk, too."""
        with self._turn:
            try:
                with self._connection:
                    work(self._connection)
            except sqlite3.OperationalError:
                memory = sqlite3.connect(":memory:", check_same_thread=False)
                self._connection.backup(memory)
                self._connection.close()
                self._connection = memory
                with memory:
                    work(memory)

    def pack_names(self) -> set[str]:
        """Every pack that was taken up."""
        with self._turn:
            return {row[0] for row in self._connection.execute("SELECT name FROM packs")}

    def in_pack(self, name: str) -> Iterator[tuple[bytes, Where]]:
        """What the index knows of one pack, in the order of the pack."""
        query = "SELECT digest, name, offset, length, size FROM contents JOIN packs ON packs.id = pack WHERE name = ?"
        with self._turn:
            rows = self._connection.execute(f"{query} ORDER BY offset", (name,)).fetchall()
        for digest, *where in rows:
            yield digest, Where(*where)


@contextmanager
def opened(place: Repository, cache: Path) -> Iterator[Index]:
    """The index of `place`, brought up to date with the packs that are there; kept in the folder `cache`."""
    index = Index(_connect(_file(place, cache)))
    try:
        _bring_up_to_date(index, place)
        yield index
    finally:
        index.close()


def drop(place: Repository, cache: Path) -> None:
    """Let the cache of a place go, which has names of folders; it is made again when it is needed."""
    _file(place, cache).unlink(missing_ok=True)


def _file(place: Repository, cache: Path) -> Path:
    return cache / f"{hashlib.sha256(place.label.encode()).hexdigest()[:16]}.sqlite"


def _connect(file: Path) -> sqlite3.Connection:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return _prepared(file)
        except sqlite3.DatabaseError:
            file.unlink(missing_ok=True)
            return _prepared(file)
    except (OSError, sqlite3.DatabaseError):
        return _prepared(":memory:")  # no room, or not ours to write: it only takes longer


def _prepared(file: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, check_same_thread=False, timeout=60)
    try:
        # Only a cache: after a power loss it is compared with the place, and made again where it does not open.
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_TABLES)
        connection.execute("SELECT count(*) FROM packs").fetchone()
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _bring_up_to_date(index: Index, place: Repository) -> None:
    files = set(place.names("packs"))
    there = {packs.name_from(file) for file in files if file.endswith(".tar.zst")}
    there &= {packs.name_from(file) for file in files if file.endswith(".idx.zst")}
    known = index.pack_names()
    for name in sorted(known - there):
        index.forget_pack(name)
    if known - there:
        # A content of a pack that is gone may also be in one that is still there: take those up again.
        for name in sorted(known & there):
            index.forget_pack(name)
        known = set()
    for name in sorted(there - known):
        index.add_pack(name, packs.read_index(name, place.get(packs.index_file(name))))
