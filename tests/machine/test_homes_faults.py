"""Killed at any moment: each home has what it must have, and running again completes the work.

Each round forks a process that does the real work, and kills it (SIGKILL) at a random moment of it; on a full disk the
same is done by test_homes_full_disk.py. SKRT_HUB_FAULT_ROUNDS sets the rounds of each test (500 by default in
`make test-faults`).
"""

import os
import random
import shutil
from pathlib import Path

import pytest

from skrt_hub.context import Context
from skrt_hub.material.hand_out import hand_out
from skrt_hub.material.published import fetch
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots import operations
from skrt_hub.snapshots.copies import Copies
from skrt_hub.targets.protocol import DeleteOptions
from skrt_workspace.material.place import place_material
from tests.support.faults import (
    ROUNDS,
    Course,
    Killings,
    check_copies,
    copies,
    delete,
    duration,
    killed_at,
    target_of,
)
from tests.support.homes import home as home_of
from tests.support.homes import hub, state

pytestmark = pytest.mark.long
__all__ = ["copies"]


@pytest.mark.timeout(3600)
def test_placing_material_is_killed(tmp_path: Path) -> None:
    course = Course(tmp_path)
    course.next_version()
    killings = Killings(duration(course.place))
    for number in range(ROUNDS):
        course.next_version()
        if number % 10 == 0:
            course.mine.clear()
            shutil.rmtree(course.home)
            course.home.mkdir()
            course.place()
        course.edit()
        killings.during(course.place)
        course.check_nothing_lost()
        course.place()
        course.check_complete()
    assert killings.killed > ROUNDS / 4, "the rounds must really interrupt"


def change(copies: Copies) -> None:
    folder = home_of(copies, random.choice(("anna", "bob")))
    (folder / f"new {random.randrange(20)}").write_bytes(os.urandom(random.randrange(200_000)))
    for path in random.sample(sorted(folder.glob("new *")), k=1):
        if random.random() < 0.3:
            path.unlink()


@pytest.mark.timeout(3600)
def test_saving_is_killed(copies: Copies, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    operations.run_save(copies, [], str(place))
    change(copies)
    killings = Killings(duration(lambda: operations.run_save(copies, [], str(place))))
    for number in range(ROUNDS):
        change(copies)
        killings.during(lambda: operations.run_save(copies, [], str(place)))
        if number % 5 == 0:
            check_copies(copies, place)
        if number % 20 == 0:
            operations.run_save(copies, [], str(place))
            other = hub(tmp_path / f"other {number}")
            operations.run_restore(other, [], str(place), None, None)
            for name in ("anna", "bob"):
                assert state(home_of(other, name)) == state(home_of(copies, name))
            shutil.rmtree(other.layout.root)
    check_copies(copies, place)
    assert killings.killed > ROUNDS / 4


@pytest.mark.timeout(3600)
def test_restoring_is_killed(copies: Copies, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    operations.run_save(copies, [], str(place))
    expected = {name: state(home_of(copies, name)) for name in ("anna", "bob")}
    other = hub(tmp_path / "other", "anna", "bob")
    restore = lambda: operations.run_restore(other, [], str(place), None, None)  # noqa: E731
    killings = Killings(duration(restore))
    for _ in range(ROUNDS):
        shutil.rmtree(other.layout.homes)
        hub(other.layout.root, "anna", "bob")
        newer = home_of(other, "anna") / "note.ipynb"
        newer.write_text("newer work")
        killings.during(restore)
        assert newer.read_text() == "newer work"
        restore()
        assert newer.read_text() == "newer work"
        assert state(home_of(other, "bob")) == expected["bob"]
        found = state(home_of(other, "anna"))
        assert sum("(saved " in path for path in found) == 1, "the saved one lies beside, once"
        plain = {path: facts[1] for path, facts in found.items() if facts[0] == "file" and "(saved" not in path}  # type: ignore[index]
        saved = {path: facts[1] for path, facts in expected["anna"].items() if facts[0] == "file"}  # type: ignore[index]
        assert plain | {"note.ipynb": ""} == saved | {"note.ipynb": ""}
    assert killings.killed > ROUNDS / 4


@pytest.mark.timeout(3600)
def test_updating_material_is_killed(copies: Copies, tmp_path: Path) -> None:
    course = tmp_path / "course"
    course.mkdir()
    settings = Settings.model_validate({"material": [{"folder": str(course)}]})
    home = home_of(copies, "bob")
    sheet = tmp_path / "sheet.txt"

    def update() -> None:
        hand_out(Context(settings, copies.layout, Silent()), [sheet], "sheets")
        fetch(settings, copies.layout, Silent())

    sheet.write_text("0")
    (course / "a.txt").write_text("0")
    killings = Killings(duration(update))
    for number in range(ROUNDS):
        for path in [course / f"{name}.txt" for name in "abcdef"]:
            path.write_text(f"{path.name} {number}" * 100)
        sheet.write_text(f"sheet {number}")
        killings.during(update)
        place_material(home, copies.layout.material_shown, home / "none")  # a server that starts just now
        assert (home / "a.txt").read_text() == "by bob"
        fetch(settings, copies.layout, Silent())  # without handing out again: the old sheet, or the new one
        place_material(home, copies.layout.material_shown, home / "none")
        if number:
            assert (home / "sheets/sheet.txt").read_text() in (f"sheet {number - 1}", f"sheet {number}")
        update()
        place_material(home, copies.layout.material_shown, home / "none")
        assert (home / "course/f.txt").read_text() == f"f.txt {number}" * 100
        assert (home / "sheets/sheet.txt").read_text() == f"sheet {number}"
    assert killings.killed > ROUNDS / 4


@pytest.mark.timeout(3600)
def test_deleting_is_killed(copies: Copies, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    copies.layout.accounts.write_text('{"accounts": {"anna": {"hash": "A"}, "bob": {"hash": "B"}}}')
    operations.run_save(copies, [], str(place))
    expected = {name: state(home_of(copies, name)) for name in ("anna", "bob")}
    killings = Killings(0.1)
    for number in range(ROUNDS):
        if number % 4 == 0:  # without --homes, killed or not: they stay, and their passwords
            killed_at(lambda: target_of(copies).delete(DeleteOptions()), random.uniform(0, 0.02))
            assert {name: state(home_of(copies, name)) for name in ("anna", "bob")} == expected
            assert '"A"' in copies.layout.accounts.read_text()
            continue
        killings.during(lambda: delete(copies))
        if copies.layout.root.exists():
            if not copies.layout.homes.exists() or number % 3:
                delete_what_is_left(copies, place)
            else:
                assert {name: state(home_of(copies, name)) for name in ("anna", "bob")} == expected
                delete(copies)
        assert not copies.layout.root.exists()
        operations.run_restore(copies, [], str(place), None, None)
        assert {name: state(home_of(copies, name)) for name in ("anna", "bob")} == expected
        assert '"A"' in copies.layout.accounts.read_text()
        operations.run_save(copies, [], str(place))
    assert killings.killed > ROUNDS / 4


def delete_what_is_left(copies: Copies, place: Path) -> None:
    """The same command again, after one that was killed: it must not ask for copies of what is gone already."""
    if not copies.known_places():  # killed behind the point where the list of places goes
        assert not copies.layout.homes.exists()
    delete(copies)
