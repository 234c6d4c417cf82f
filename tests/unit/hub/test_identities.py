"""The files that say who is who: damage is refused with a copy named, and no copy gives way to an emptier one."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from skrt_hub.errors import StateError
from skrt_hub.hub import identities
from skrt_hub.layout import Layout
from skrt_hub.login.accounts import Accounts


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.hub.mkdir()
    return layout


def database(layout: Layout, users: int) -> None:
    layout.database.unlink(missing_ok=True)
    with sqlite3.connect(layout.database) as made:
        made.execute("CREATE TABLE users (name TEXT)")
        made.executemany("INSERT INTO users VALUES (?)", [(f"user{number}",) for number in range(users)])
    made.close()


def copies(layout: Layout, file: Path) -> list[Path]:
    return sorted(layout.identity_copies.glob(f"{file.name}.*"), reverse=True)


def test_a_new_hub_has_nothing_to_refuse(layout: Layout) -> None:
    layout.database.touch()  # a first start that was interrupted
    identities.check(layout)
    identities.keep_copies(layout)
    assert not layout.identity_copies.exists()


@pytest.mark.parametrize("damage", [b"", b'{"accounts": {"an', b"\0" * 100, b"[]", b'{"accounts": {"anna": 3}}', None])
def test_damaged_or_missing_accounts_are_refused_and_the_copy_named(layout: Layout, damage: bytes | None) -> None:
    Accounts(layout.accounts).add("anna", "correct horse")
    identities.keep_copies(layout)
    layout.accounts.unlink() if damage is None else layout.accounts.write_bytes(damage)
    with pytest.raises(StateError) as caught:
        identities.check(layout)
    (copy,) = copies(layout, layout.accounts)
    assert f"cp -p {copy} {layout.accounts}" in caught.value.remedy
    identities.keep_copies(layout)
    assert copies(layout, layout.accounts) == [copy]
    layout.accounts.write_bytes(copy.read_bytes())
    identities.check(layout)
    assert Accounts(layout.accounts).check("anna", "correct horse") is True


def test_a_database_of_no_bytes_is_damaged_and_replaces_no_copy(layout: Layout) -> None:
    database(layout, 3)
    identities.keep_copies(layout)
    layout.database.write_bytes(b"")
    with pytest.raises(StateError, match="0 bytes"):
        identities.check(layout)
    identities.keep_copies(layout)
    (copy,) = copies(layout, layout.database)
    with sqlite3.connect(copy) as read:
        assert read.execute("SELECT count(*) FROM users").fetchone() == (3,)
    read.close()


def test_many_copies_are_thinned_out_and_the_fullest_stays(layout: Layout) -> None:
    database(layout, 30)
    identities.keep_copies(layout)
    (fullest,) = copies(layout, layout.database)
    for day in range(1, 29):
        for _ in range(2):
            database(layout, 2)
            identities.keep_copies(layout)
            newest = copies(layout, layout.database)[0]
            newest.rename(newest.with_name(f"jupyterhub.sqlite.302501{day:02}T{_:02}0000000000"))
            os.utime(layout.database)
    left = copies(layout, layout.database)
    assert fullest in left
    assert len(left) <= 12


def test_nothing_new_makes_no_new_copy(layout: Layout) -> None:
    Accounts(layout.accounts).add("anna", "correct horse")
    for _ in range(5):
        identities.keep_copies(layout)
    assert len(copies(layout, layout.accounts)) == 1


def test_copies_are_private(layout: Layout) -> None:
    Accounts(layout.accounts).add("anna", "correct horse")
    database(layout, 1)
    identities.keep_copies(layout)
    assert layout.identity_copies.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in layout.identity_copies.iterdir()} == {0o600}
