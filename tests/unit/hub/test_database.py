"""The form of JupyterHub's database: an older one is told from a newer one, and nothing else is touched."""

from __future__ import annotations

import sqlite3
from importlib.metadata import version
from pathlib import Path

import pytest
from jupyterhub import orm

from skrt_hub.errors import StateError
from skrt_hub.hub import database
from skrt_hub.layout import Layout

OLDER, UNKNOWN = "3c2384c5aae1", "123456789abc"  # that of JupyterHub 3, and nobody's


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.hub.mkdir()
    return layout


def todays_form(tmp_path: Path) -> str:
    """The form of a database that the installed JupyterHub makes itself."""
    orm.new_session_factory(f"sqlite:///{tmp_path / 'made.sqlite'}").kw["bind"].dispose()
    with sqlite3.connect(tmp_path / "made.sqlite") as made:
        return str(made.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def write(layout: Layout, form: str) -> None:
    with sqlite3.connect(layout.database) as made:
        made.execute("CREATE TABLE alembic_version (version_num TEXT)")
        made.execute("INSERT INTO alembic_version VALUES (?)", [form])
    made.close()


def test_todays_form_is_taken_as_it_is(layout: Layout, tmp_path: Path) -> None:
    write(layout, todays_form(tmp_path))
    before = layout.database.read_bytes()
    database.check(layout)
    assert database.is_todays(layout)
    assert database.kept_for(layout) is None
    assert database.upgrade(layout) is None
    assert layout.database.read_bytes() == before and not layout.identity_copies.exists()


def test_an_older_form_is_to_be_upgraded_and_its_copy_is_named(layout: Layout) -> None:
    write(layout, OLDER)
    assert not database.is_todays(layout)
    database.check(layout)
    kept = database.kept_for(layout)
    assert kept == layout.identity_copies / f"jupyterhub.sqlite.before-jupyterhub-{version('jupyterhub')}"


def test_a_newer_form_is_refused_with_a_way_on(layout: Layout) -> None:
    write(layout, UNKNOWN)
    with pytest.raises(StateError) as caught:
        database.check(layout)
    assert UNKNOWN in str(caught.value) and version("jupyterhub") in str(caught.value)
    assert "pip install --upgrade jupyterhub" in caught.value.remedy
    assert f"move {layout.database}" in caught.value.remedy
    with pytest.raises(StateError):
        database.upgrade(layout)


def test_a_newer_form_is_refused_with_the_copy_of_before(layout: Layout) -> None:
    write(layout, UNKNOWN)
    layout.identity_copies.mkdir()
    copy = layout.identity_copies / f"{layout.database.name}.before-jupyterhub-99.1"
    copy.touch()
    with pytest.raises(StateError) as caught:
        database.check(layout)
    assert f"rm -f {layout.database}-* && cp -p {copy} {layout.database}" in caught.value.remedy


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\0 and then nothing", b"\0" * 4096])
def test_what_is_no_database_is_left_to_those_who_look_for_damage(layout: Layout, content: bytes | None) -> None:
    if content is not None:
        layout.database.write_bytes(content)
    database.check(layout)
    assert database.upgrade(layout) is None
    assert (layout.database.read_bytes() if layout.database.exists() else None) == content


def test_an_upgrade_that_fails_leaves_the_database_and_says_so(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    write(layout, OLDER)
    before = layout.database.read_bytes()
    monkeypatch.setenv("PATH", str(layout.root))  # where the program that JupyterHub upgrades with is not
    with pytest.raises(StateError, match="it is as it was"):
        database.upgrade(layout)
    assert layout.database.read_bytes() == before
    kept = database.kept_for(layout)
    assert kept is not None and kept.stat().st_mode & 0o777 == 0o600
    assert [file for file in layout.hub.iterdir() if file.name.startswith(".")] == []
