"""On a disk with little room: each home has what it must have at every moment, and with room again all is completed.

Only errors that a person can act on may come out (skrt_hub.errors). The rounds are those of test_homes_faults.py.
"""

import contextlib
import hashlib
import os
import random
import shutil
from pathlib import Path

import pytest

from skrt_hub.context import Context
from skrt_hub.errors import SkrtHubError
from skrt_hub.files import read_json
from skrt_hub.material.hand_out import hand_out
from skrt_hub.material.published import fetch, published
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots import operations
from skrt_hub.snapshots.copies import Copies
from skrt_workspace.material.place import place_material
from tests.support.faults import (
    ROUNDS,
    Course,
    check_copies,
    contents,
    copies,
    delete,
    little_disk,
)
from tests.support.homes import fill, hub, state
from tests.support.homes import home as home_of

pytestmark = pytest.mark.long
__all__ = ["copies"]


def fill_up(disk: Path, left: int) -> Path:
    """A file that leaves so many bytes on the disk."""
    filler = disk / "filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - left)))
    return filler


@pytest.mark.timeout(3600)
def test_placing_material_on_a_full_disk(tmp_path: Path) -> None:
    course = Course(tmp_path)
    for _ in range(ROUNDS):
        with little_disk(tmp_path / "disk", 700_000) as disk:
            course.home = disk / "home"
            course.home.mkdir()
            course.mine.clear()
            course.edit()
            (disk / "filler").write_bytes(bytes(random.randrange(400_000, 690_000)))
            with contextlib.suppress(OSError):
                course.place()
            course.check_nothing_lost()
            course.next_version()
            with contextlib.suppress(OSError):
                course.place()
            course.check_nothing_lost()
            (disk / "filler").unlink()
            course.place()
            course.check_complete()


@pytest.mark.timeout(3600)
def test_saving_to_a_full_disk(copies: Copies, tmp_path: Path) -> None:
    shutil.copytree(home_of(copies, "anna"), tmp_path / "before", symlinks=True)
    for number in range(ROUNDS):
        with little_disk(tmp_path / "disk", 12_000_000) as disk:
            place = disk / "copies"
            operations.run_save(copies, [], str(place))
            (home_of(copies, "anna") / "new").write_bytes(os.urandom(random.randrange(2_000_000)))
            left = random.randrange(2_200_000)
            (disk / "filler").write_bytes(bytes(max(0, shutil.disk_usage(disk).free - left)))
            with contextlib.suppress(SkrtHubError):
                operations.run_save(copies, [], str(place))
            if number % 5 == 0:
                check_copies(copies, place)
            (disk / "filler").unlink()


@pytest.mark.timeout(3600)
def test_restoring_on_a_full_disk(copies: Copies, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    operations.run_save(copies, [], str(place))
    expected = contents(home_of(copies, "anna"))
    for _ in range(ROUNDS):
        with little_disk(tmp_path / "disk", 16_000_000) as disk:
            other = hub(disk / "hub", "anna", "bob")
            newer = home_of(other, "bob") / "a.txt"
            newer.write_text("newer work")
            filler = disk / "filler"
            filler.write_bytes(bytes(random.randrange(10_000_000, 15_500_000)))
            with contextlib.suppress(SkrtHubError, OSError):
                operations.run_restore(other, [], str(place), None, None)
            assert newer.read_text() == "newer work"
            for path, digest in contents(home_of(other, "anna")).items():
                assert expected[path] == digest, "no half file under its own name"
            filler.unlink()
            operations.run_restore(other, [], str(place), None, None)
            assert contents(home_of(other, "anna")) == expected


@pytest.mark.timeout(3600)
def test_saving_from_a_full_disk(tmp_path: Path) -> None:
    """What is needed most when the hub's own disk is full: to get the homes onto another one."""
    place = tmp_path / "copies"
    for number in range(ROUNDS):
        with little_disk(tmp_path / "disk", 14_000_000) as disk:
            made = hub(disk / "hub", "anna")
            fill(home_of(made, "anna"))
            if number % 2:
                operations.run_save(made, [], str(place))
                (home_of(made, "anna") / "new").write_bytes(os.urandom(100_000))
            fill_up(disk, random.randrange(60_000))
            operations.run_save(made, [], str(place))
            other = hub(tmp_path / "other")
            operations.run_restore(other, [], str(place), None, None)
            assert state(home_of(other, "anna")) == state(home_of(made, "anna"))
        shutil.rmtree(other.layout.root)
        shutil.rmtree(place)


@pytest.mark.timeout(3600)
def test_updating_material_on_a_full_disk(tmp_path: Path) -> None:
    course, home, sheet = tmp_path / "course", tmp_path / "home", tmp_path / "sheet.txt"
    course.mkdir()
    home.mkdir()
    settings = Settings.model_validate({"material": [{"folder": str(course)}]})
    (home / "course").mkdir()
    (home / "course/a.txt").write_text("mine")
    with little_disk(tmp_path / "disk", 6_000_000) as disk:
        layout = hub(disk / "hub").layout

        def update() -> bool:
            """Whether all went well."""
            try:
                hand_out(Context(settings, layout, Silent()), [sheet], "sheets")
                return all(entry.problem is None for entry in fetch(settings, layout, Silent()))
            except SkrtHubError:
                return False

        before: dict[str, str] = {}
        full = 0
        for number in range(ROUNDS):
            now = {f"{name}.txt": f"{name} {number} " * random.randrange(1, 60_000) for name in "abcdef"}
            for name, text in now.items():
                (course / name).write_text(text)
            sheet.write_text(f"sheet {number}")
            filler = fill_up(disk, random.randrange(2_500_000))
            full += not update()
            check_published(layout.material_shown, published(layout))
            place_material(home, layout.material_shown, home / "none")  # a server that starts just now
            for name, text in before.items():
                assert (home / "course" / name).read_text() in (text, now[name], "mine")
            filler.unlink()
            assert update()
            place_material(home, layout.material_shown, home / "none")
            assert (home / "course/f.txt").read_text() == now["f.txt"]
            assert (home / "sheets/sheet.txt").read_text() == f"sheet {number}"
            assert (home / "course/a.txt").read_text() == "mine"
            before = now
    assert ROUNDS / 10 < full < ROUNDS, "the disk must be full often, and not always at the same moment"


def check_published(shown: Path, entries: list[dict[str, object]]) -> None:
    """All that the manifest names is there, whole."""
    if not entries:
        return
    folder = read_json(shown / "manifest.json")["folder"]  # type: ignore[index]
    for entry in entries:
        files = entry["files"]
        assert isinstance(files, dict)
        for path, facts in files.items():
            data = (shown / folder / str(entry["name"]) / path).read_bytes()
            assert hashlib.sha256(data).hexdigest() == facts["sha256"]


@pytest.mark.timeout(3600)
def test_deleting_on_a_full_disk(tmp_path: Path) -> None:
    place = tmp_path / "copies"
    for number in range(ROUNDS):
        with little_disk(tmp_path / "disk", 14_000_000) as disk:
            made = hub(disk / "hub", "anna", "bob")
            fill(home_of(made, "anna"))
            operations.run_save(made, [], str(place))
            expected = state(home_of(made, "anna"))
            unsaved = number % 3 == 0
            if unsaved:
                (home_of(made, "anna") / "last minute").write_text("not saved")
            for index in made.layout.saves.glob("*.sqlite"):
                index.unlink()  # it is made again, for which there is no room
            filler = fill_up(disk, random.randrange(20_000))
            if unsaved:
                with pytest.raises(SkrtHubError, match="no saved copy as they are now"):
                    delete(made)
                assert (home_of(made, "anna") / "last minute").read_text() == "not saved"
                continue
            delete(made)
            assert not made.layout.root.exists()
            filler.unlink()
            operations.run_restore(made, [], str(place), None, None)
            assert state(home_of(made, "anna")) == expected
        shutil.rmtree(place)
