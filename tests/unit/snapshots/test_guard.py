"""What guards homes against being lost, what saves them by itself, and what gathers from and gives to them."""

import csv
import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from skrt_hub.context import Context
from skrt_hub.errors import PermissionsError, RefusedError, UsageError
from skrt_hub.files import write_json
from skrt_hub.homes.collect import collect
from skrt_hub.material.hand_out import hand_out, places, withdraw
from skrt_hub.material.overview import material_status
from skrt_hub.material.published import fetch
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots import guard, operations, schedule
from skrt_hub.snapshots.copies import Copies
from skrt_workspace.home.walk import remove_tree
from skrt_workspace.material.place import place_material
from tests.support.deep import deepen
from tests.support.homes import home as home_of
from tests.support.homes import hub, save


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    made = hub(tmp_path / "one", "anna", "bob")
    for name in ("anna", "bob"):
        (home_of(made, name) / "work.txt").write_text(f"by {name}")
    return made


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "copies"


def test_homes_that_were_never_saved_are_guarded(copies: Copies) -> None:
    with pytest.raises(RefusedError, match="2 of them have no saved copy") as refusal:
        guard.ensure_saved(copies)
    assert "anna: it was never saved" in refusal.value.why


def test_saved_homes_may_go(copies: Copies, place: Path) -> None:
    save(copies, place)
    assert guard.unsaved(copies) == []


@pytest.mark.parametrize("change", ["edit", "new", "delete", "rename", "same size and time"])
def test_any_change_after_the_save_is_noticed(copies: Copies, place: Path, change: str) -> None:
    save(copies, place)
    file = home_of(copies, "anna") / "work.txt"
    before = file.stat()
    if change == "edit":
        file.write_text("edited")
    elif change == "new":
        (file.parent / "new.txt").write_text("new")
    elif change == "delete":
        file.unlink()
    elif change == "rename":
        file.rename(file.with_name("other.txt"))
    else:
        file.write_text("by ANNA")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [item.name for item in guard.unsaved(copies)] == ["anna"]


def test_a_copy_that_was_damaged_does_not_count(copies: Copies, place: Path) -> None:
    save(copies, place)
    for pack in place.glob("packs/*.tar.zst"):
        pack.write_bytes(bytes(pack.stat().st_size))
    assert all("damaged" in item.why for item in guard.unsaved(copies))
    assert len(guard.unsaved(copies)) == 2


def test_a_place_that_is_gone_does_not_count(copies: Copies, place: Path) -> None:
    save(copies, place)
    place.rename(place.with_name("unplugged"))
    assert len(guard.unsaved(copies)) == 2


def test_homes_may_be_saved_in_different_places(copies: Copies, place: Path, tmp_path: Path) -> None:
    save(copies, place, "anna")
    save(copies, tmp_path / "other", "bob")
    assert guard.unsaved(copies) == []


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({}, True),
        ({"saved": NOW - timedelta(hours=23)}, False),
        ({"saved": NOW - timedelta(hours=25)}, True),
        ({"saved": NOW + timedelta(days=400)}, True),
        ({"saved": NOW - timedelta(hours=30), "tried": NOW - timedelta(minutes=5)}, False),
        ({"saved": NOW - timedelta(hours=30), "tried": NOW - timedelta(minutes=20)}, True),
        ({"tried": NOW - timedelta(minutes=5)}, False),
    ],
)
def test_a_save_is_due_after_its_time_and_not_at_once_after_a_failure(
    tmp_path: Path, last: dict[str, datetime], expected: bool
) -> None:
    copies = hub(tmp_path, place=str(tmp_path / "c"), every="24 h")
    copies.layout.saves.mkdir()
    write_json(copies.layout.saves / "schedule.json", {key: value.isoformat() for key, value in last.items()})
    assert schedule.due(copies.settings, copies.layout, NOW) is expected


def test_no_save_is_due_where_none_is_wanted(tmp_path: Path) -> None:
    copies = hub(tmp_path)
    assert not schedule.due(copies.settings, copies.layout, NOW)


def test_a_scheduled_save_that_fails_is_told_in_status(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.tex").write_text("x")
    copies = hub(tmp_path / "hub", "anna", place=str(tmp_path / "full"), every="24 h")
    schedule.run(Context(copies.settings, copies.layout, Silent()), copies.find_homes, NOW)
    assert "holds other things" in schedule.note(copies.settings, copies.layout)


def test_a_hub_that_nobody_has_used_yet_is_no_failure_and_lost_homes_are(tmp_path: Path) -> None:
    copies = hub(tmp_path / "hub", place=str(tmp_path / "place"), every="24 h")
    context = Context(copies.settings, copies.layout, Silent())
    schedule.run(context, copies.find_homes, NOW)
    assert schedule.note(copies.settings, copies.layout) == ""
    assert not schedule.due(copies.settings, copies.layout, NOW + timedelta(minutes=5))
    assert schedule.due(copies.settings, copies.layout, NOW + timedelta(minutes=16))
    write_json(copies.layout.saves / "schedule.json", {"saved": (NOW - timedelta(2)).isoformat()})
    schedule.run(context, copies.find_homes, NOW)
    assert "no homes" in schedule.note(copies.settings, copies.layout)


def test_a_hand_in_is_gathered_with_a_manifest(copies: Copies, tmp_path: Path) -> None:
    for name in ("anna", "bob"):
        folder = home_of(copies, name) / "course/task"
        folder.mkdir(parents=True)
        (folder / "answer.ipynb").write_text(f"by {name}")
    (home_of(copies, "anna") / "course/task/secret").symlink_to("/etc/shadow")
    (home_of(copies, "bob") / "course/task/=cmd").write_text("x")
    report = collect(copies.homes, "course/task/", [], tmp_path / "in", Silent(), listed=("carol", "bob"))
    assert (tmp_path / "in/anna/task/answer.ipynb").read_text() == "by anna"
    assert not (tmp_path / "in/anna/task/secret").is_symlink()
    assert [(row.name, row.files) for row in report.homes] == [("anna", 1), ("bob", 2), ("carol", 0)]
    assert report.homes[2].last_change == "never logged in"
    assert report.homes[0].left_out == ("course/task/secret",)
    manifest = json.loads((tmp_path / "in/collected.json").read_text())
    assert len(manifest["files"]) == 3
    assert all(not cell.startswith("=") for row in table_in(tmp_path / "in") for cell in row.values())


def table_in(folder: Path) -> list[dict[str, str]]:
    """The hand-in's table, as a spreadsheet reads it."""
    return list(csv.DictReader((folder / "collected.csv").read_text(encoding="utf-8-sig").splitlines()))


def test_who_has_nothing_is_in_every_list_and_names_are_read_rightly_by_spreadsheets(tmp_path: Path) -> None:
    copies = hub(tmp_path / "hub", "Bärbel", "dora", "emil")
    (home_of(copies, "Bärbel") / "answer.txt").write_text("by Bärbel")
    (home_of(copies, "emil") / "answer.txt").symlink_to("/etc/shadow")
    report = collect(copies.homes, "answer.txt", [], tmp_path / "in", Silent(), listed=("anna", "dora"))
    nothing = {"anna": "never logged in", "dora": "nothing there", "emil": "left out"}
    assert (tmp_path / "in/collected.csv").read_bytes().startswith(b"\xef\xbb\xbf"), "else Excel shows BÃ¤rbel"
    rows = table_in(tmp_path / "in")
    assert [row["participant"] for row in rows if row["path"]] == ["Bärbel"]
    assert {row["participant"]: row["why"] for row in rows if not row["path"]} == nothing
    manifest = json.loads((tmp_path / "in/collected.json").read_text())
    assert {row["participant"]: row["why"] for row in manifest["without"]} == nothing
    shown = {row["name"]: (row["files"], row["at_home"]) for row in report.as_json()["homes"]}
    assert shown == {"Bärbel": (1, True), "anna": (0, False), "dora": (0, True), "emil": (0, True)}


def test_a_folder_that_cannot_be_used_is_answered_with_the_option_that_named_it(
    copies: Copies, place: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(PermissionsError) as told:
        collect(copies.homes, "work.txt", [], file / "in", Silent())
    assert "--to" in told.value.remedy
    assert "--state" not in told.value.remedy
    save(copies, place)
    with pytest.raises(PermissionsError) as told:
        operations.run_restore(copies, [], str(place), None, file / "look")
    assert "--into" in told.value.remedy


def test_nothing_is_gathered_over_something_or_from_outside(copies: Copies, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no path in a home"):
        collect(copies.homes, "../bob/work.txt", [], tmp_path / "in", Silent())
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("")
    with pytest.raises(RefusedError, match="holds something"):
        collect(copies.homes, "work.txt", [], tmp_path / "full", Silent())


def test_what_nobody_has_is_told_and_nothing_is_written(copies: Copies, tmp_path: Path) -> None:
    (home_of(copies, "bob") / "course").mkdir()
    (home_of(copies, "bob") / "course/answer.ipynb").write_text("by bob")
    with pytest.raises(UsageError, match=r"Nobody has answer.ipynb") as told:
        collect(copies.homes, "answer.ipynb", [], tmp_path / "in", Silent())
    assert "course/answer.ipynb" in told.value.why
    assert not (tmp_path / "in").exists()
    (tmp_path / "in/.unfinished/bob").mkdir(parents=True)  # as a killed one leaves it
    collect(copies.homes, "course/answer.ipynb", [], tmp_path / "in", Silent())
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["bob", "collected.csv", "collected.json"]


def test_a_hand_in_tells_what_is_still_the_material(copies: Copies, tmp_path: Path) -> None:
    (tmp_path / "task.ipynb").write_text("the task")
    give(copies, tmp_path / "task.ipynb", folder="course")
    for name in ("anna", "bob"):
        homes_after_a_start(copies, name)
    (home_of(copies, "bob") / "course/task.ipynb").write_text("the answer")
    report = collect(copies.homes, "course/task.ipynb", [], tmp_path / "in", Silent())
    assert [(row.name, row.files, row.as_given) for row in report.homes] == [("anna", 1, 1), ("bob", 1, 0)]
    rows = table_in(tmp_path / "in")
    assert [(row["participant"], row["as_given"]) for row in rows] == [("anna", "True"), ("bob", "False")]


def test_a_home_of_folders_in_folders_holds_up_no_collecting(copies: Copies, tmp_path: Path) -> None:
    for name in ("anna", "bob"):
        course = home_of(copies, name) / "course"
        course.mkdir()
        (course / "answer.txt").write_text("the answer")
    deepen(home_of(copies, "bob") / "course", 4000)
    try:
        begun = time.monotonic()
        report = collect(copies.homes, "course", [], tmp_path / "in", Silent())
        assert time.monotonic() - begun < 20
        assert [(row.name, row.files) for row in report.homes] == [("anna", 1), ("bob", 1)]
        assert [len(row.left_out) for row in report.homes] == [0, 1]
    finally:
        remove_tree(home_of(copies, "bob"))


def test_what_is_collected_lies_in_folders_that_people_can_read(tmp_path: Path) -> None:
    copies = hub(tmp_path / "hub", "anna", "o'brien")
    for name in ("anna", "o'brien"):
        (home_of(copies, name) / "course").mkdir(exist_ok=True)
        (home_of(copies, name) / "course/a.txt").write_text(name)
    for number, names in enumerate(([], ["o'brien"])):
        into = tmp_path / f"in-{number}"
        collect(copies.homes, "course/a.txt", names, into, Silent())
        assert (into / "o-brien/a.txt").read_text() == "o'brien"
        told = json.loads((into / "collected.json").read_text())["files"]
        assert {row["folder"] for row in told} == {path.name for path in into.iterdir() if path.is_dir()}


def homes_after_a_start(copies: Copies, name: str) -> Path:
    folder = home_of(copies, name)
    place_material(folder, copies.layout.material_shown, folder / "none")
    return folder


def give(copies: Copies, *files: Path, folder: str = "hand-out") -> None:
    hand_out(Context(copies.settings, copies.layout, Silent()), files, folder)
    fetch(copies.settings, copies.layout, Silent())


def test_a_new_hub_takes_nothing_that_another_hub_gave(copies: Copies, tmp_path: Path) -> None:
    (tmp_path / "sheet.txt").write_text("a sheet")
    give(copies, tmp_path / "sheet.txt", folder="week-1")
    homes_after_a_start(copies, "anna")
    shutil.rmtree(copies.layout.material)  # as `delete` does; the homes come back with `restore`
    sheet = homes_after_a_start(copies, "anna") / "week-1/sheet.txt"
    assert sheet.exists()
    give(copies, tmp_path / "sheet.txt", folder="week-2")
    homes_after_a_start(copies, "anna")
    assert sheet.exists()
    withdraw(copies.layout, "week-2")
    fetch(copies.settings, copies.layout, Silent())
    homes_after_a_start(copies, "anna")
    assert sheet.exists()
    assert not (sheet.parents[1] / "week-2").exists(), "what the hub itself gave, it may take back"


def test_what_is_handed_out_reaches_everyone_and_overwrites_nothing(copies: Copies, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.txt"
    sheet.write_text("one")
    give(copies, sheet)
    anna, bob = homes_after_a_start(copies, "anna"), homes_after_a_start(copies, "bob")
    (anna / "hand-out/sheet.txt").write_text("my answers")
    other = tmp_path / "other.txt"
    other.write_text("more")
    sheet.write_text("two")
    give(copies, sheet, other)
    homes_after_a_start(copies, "anna")
    homes_after_a_start(copies, "bob")
    assert (anna / "hand-out/sheet.txt").read_text() == "my answers"
    assert (anna / "hand-out/sheet (new version).txt").read_text() == "two"
    assert (bob / "hand-out/sheet.txt").read_text() == "two"
    assert (bob / "hand-out/other.txt").read_text() == "more"
    status = material_status(copies.layout, copies.homes, Silent())
    assert [row.edited for row in status.homes] == [("hand-out/sheet.txt",), ()]
    withdraw(copies.layout, "hand-out")
    fetch(copies.settings, copies.layout, Silent())
    assert (homes_after_a_start(copies, "anna") / "hand-out/sheet.txt").read_text() == "my answers"
    assert not (homes_after_a_start(copies, "bob") / "hand-out").exists()


def test_a_folder_that_is_called_like_its_place_is_not_put_into_itself(copies: Copies, tmp_path: Path) -> None:
    week, sheet = tmp_path / "week-2", tmp_path / "sheet.txt"
    (week / "tasks").mkdir(parents=True)
    (week / "tasks" / "a.txt").write_text("one")
    (week / "read.txt").write_text("one")
    (week / ".git").mkdir()
    sheet.write_text("one")
    give(copies, sheet, folder="week-2")
    give(copies, week, folder="week-2")
    shutil.rmtree(week / "tasks")
    (week / "tasks").write_text("a file by now")
    assert (homes_after_a_start(copies, "anna") / "week-2/tasks/a.txt").read_text() == "one"
    give(copies, week, folder="week-2")
    home = homes_after_a_start(copies, "bob") / "week-2"
    assert sorted(path.name for path in home.iterdir()) == ["read.txt", "sheet.txt", "tasks"]
    assert (home / "tasks").read_text() == "a file by now"
    give(copies, week, folder="other")
    assert (homes_after_a_start(copies, "bob") / "other/week-2/read.txt").exists()
    assert places([week, sheet], "week-2") == "In each home: week-2/read.txt, week-2/tasks, week-2/sheet.txt"
    assert places([week], "other") == "In each home: other/week-2/"


def test_a_folder_of_the_material_is_not_handed_out_into(tmp_path: Path) -> None:
    copies = hub(tmp_path / "hub", "anna")
    settings = Settings.model_validate({"material": [{"folder": str(tmp_path), "name": "course"}]})
    sheet = tmp_path / "sheet.txt"
    sheet.write_text("x")
    with pytest.raises(RefusedError, match="is a folder of the material"):
        hand_out(Context(settings, copies.layout, Silent()), [sheet], "course")
    for name in ("examples", "../x", "a/b", ".hidden", "a\x1b[31mb"):
        with pytest.raises(UsageError, match="cannot be the name") as told:
            hand_out(Context(settings, copies.layout, Silent()), [sheet], name)
        assert "--as" in told.value.remedy, "not what to write in hub.yaml"
    with pytest.raises(UsageError, match="does not exist"):
        hand_out(Context(settings, copies.layout, Silent()), [tmp_path / "none"], "sheets")
    with pytest.raises(UsageError, match="Nothing was handed out"):
        withdraw(copies.layout, "../homes")


def test_saving_needs_a_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No place"):
        operations.run_save(hub(tmp_path, "anna"), [], None)
