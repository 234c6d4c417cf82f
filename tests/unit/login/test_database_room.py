"""JupyterHub's database holds room, so that what is written takes none of the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine

from skrt_hub.login import database_room
from skrt_hub.login.database_room import ROOM


@pytest.fixture
def held() -> Iterator[None]:
    database_room.hold()
    yield
    event.remove(Engine, "connect", database_room._set_pragmas)


def test_a_database_of_any_volume_holds_room_in_its_file_and_its_journal(tmp_path: Path, held: None) -> None:
    file = tmp_path / "jupyterhub.sqlite"
    journal = file.with_name(f"{file.name}-journal")
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE users (name, more)"))
        connection.commit()
        sizes = file.stat().st_size, journal.stat().st_size
        assert min(sizes) > ROOM
        for number in range(2000):
            connection.execute(
                text("INSERT INTO users VALUES (:name, :more)"), {"name": str(number), "more": "x" * 500}
            )
            connection.commit()
        assert (file.stat().st_size, journal.stat().st_size) == sizes, "what was written took room of the disk"
    engine.dispose()
    with sqlite3.connect(file) as again:
        assert again.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert again.execute("SELECT count(*) FROM users").fetchone() == (2000,)
