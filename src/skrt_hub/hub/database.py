"""JupyterHub's database in the form that the installed JupyterHub knows.

Another version of JupyterHub may keep other columns. A database of an older one is upgraded before the hub starts, and
a copy of what it was is kept for the way back; one that a newer JupyterHub wrote is left alone, and told.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sqlite3
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from skrt_hub.errors import StateError
from skrt_hub.files import ensure_folder
from skrt_hub.layout import Layout
from skrt_workspace import system

_BEFORE = re.compile(r"^down_revision\b.*=\s*['\"](\w+)['\"]", re.MULTILINE)


def check(layout: Layout) -> None:
    """Raise StateError where the database was written by a newer JupyterHub than the one that is installed."""
    found = _form(layout.database)
    if found is None or found in _known_forms():
        return
    kept = sorted(layout.identity_copies.glob(f"{_before(layout, '*').name}"))
    if kept:
        put_back = f"rm -f {layout.database}-* && cp -p {kept[-1]} {layout.database}"
        back = f"Or go back to the copy of before, with the hub stopped: skrt-hub stop && {put_back}"
    else:
        back = f"Or move {layout.database} away: homes and passwords are kept elsewhere."
    raise StateError(
        f"The hub's database was written by a newer JupyterHub than {version('jupyterhub')}, which is installed.",
        why=f"Its form is {found}, which this JupyterHub does not know.",
        remedy=f"Install a newer JupyterHub beside skrt-hub: pip install --upgrade jupyterhub\n{back}",
    )


def is_todays(layout: Layout) -> bool:
    """Whether the database is there and has the form that the installed JupyterHub writes."""
    return _form(layout.database) in _known_forms() and not _is_older(layout.database)


def kept_for(layout: Layout) -> Path | None:
    """Where the next start of the hub keeps the database as it is, before it upgrades it; None where it need not."""
    return _before(layout, version("jupyterhub")) if _is_older(layout.database) else None


def upgrade(layout: Layout) -> Path | None:
    """Bring an older database to today's form; returns the copy of what it was, None where nothing was to do.

    The database changes in one step, or not at all. Raises StateError as `check`, and where the upgrade failed.
    """
    check(layout)
    copy = kept_for(layout)
    if copy is None:
        return None
    from jupyterhub import dbutil  # noqa: PLC0415 - takes long, and is for this path only

    ensure_folder(copy.parent, mode=0o700)
    copy_database(layout.database, copy)
    upgraded = layout.database.with_name(f".{layout.database.name}.upgraded")
    try:
        copy_database(copy, upgraded)
        dbutil.upgrade(f"sqlite:///{upgraded}")
        _write_into(layout.database, upgraded)
    except (subprocess.CalledProcessError, OSError, sqlite3.Error) as error:
        raise StateError(
            f"The hub's database could not be upgraded for JupyterHub {version('jupyterhub')}; it is as it was.",
            why=str(error),
            remedy="See: skrt-hub logs hub\nTo go on as before: pip install 'jupyterhub<6' and skrt-hub up",
        ) from None
    finally:
        upgraded.unlink(missing_ok=True)
    return copy


def tidy(database: Path) -> None:
    """Write the database anew, so that nothing of a removed row is left in the file. Raises StateError."""
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as error:
        raise StateError(f"{database} could not be written anew.", why=f"{error}.", remedy="Type it again.") from None


def copy_database(database: Path, target: Path) -> None:
    """A whole copy or none, by SQLite's own backup (https://www.sqlite.org/backup.html)."""
    fresh = target.with_name(f".{target.name}")
    fresh.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(database)) as source, contextlib.closing(sqlite3.connect(fresh)) as to:
        source.backup(to)
        to.execute("PRAGMA journal_mode=DELETE")
    fresh.chmod(0o600)
    fresh.replace(target)
    system.sync_folder(target.parent)


def _write_into(database: Path, newer: Path) -> None:
    """What `newer` holds, in one transaction: a kill in between leaves the database as it was."""
    with contextlib.closing(sqlite3.connect(newer)) as source, contextlib.closing(sqlite3.connect(database)) as to:
        source.backup(to)


def _before(layout: Layout, newer: str) -> Path:
    return layout.identity_copies / f"{layout.database.name}.before-jupyterhub-{newer}"


def _form(database: Path) -> str | None:
    """The revision that alembic wrote into the database; None where there is none to be read."""
    if not database.exists():
        return None
    address = f"file:{quote(str(database))}?mode=ro"
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(address, uri=True, timeout=5)) as found:
        row = found.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None
    return None


def _is_older(database: Path) -> bool:
    found = _form(database)
    return found is not None and found in {
        match[1] for text in _revisions().values() if (match := _BEFORE.search(text))
    }


def _known_forms() -> set[str]:
    return set(_revisions())


@cache
def _revisions() -> dict[str, str]:
    """The forms that the installed JupyterHub knows, each with the program that leads to it."""
    package = importlib.util.find_spec("jupyterhub")
    assert package is not None and package.origin is not None  # a requirement of ours
    folder = Path(package.origin).parent / "alembic" / "versions"
    return {file.name.partition("_")[0]: file.read_text(encoding="utf-8") for file in folder.glob("*_*.py")}
