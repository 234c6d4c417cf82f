"""A cohort's folder: what is written is whole, and what is damaged, foreign or a link is passed over."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skrt_workspace.cohort import commands, files, runner, share, table
from skrt_workspace.cohort.table import CANCELLED, CohortError, Head, Table
from skrt_workspace.server_extension import cohorts

KEYS = tuple(f"{number:032x}" for number in range(3))


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """A cohort of three tasks, of which none is done, in a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    made = Table(tmp_path / "cohorts" / "lungs")
    work, places = made.write_work(b"function", [b"one", b"two", b"three"])
    made.write(Head("lungs", "f", "hash", 1.0, ("a", "b", "c"), KEYS, work, places))
    return made


def test_results_come_back_as_they_were(one: Table) -> None:
    values = [{"dice": 0.5, "names": ["x"], "none": None}, 1.5, (1, 2), {1: "a"}, {"set": {1}}]
    for number, value in enumerate(values):
        assert one.keep_result(f"{number:032x}", value, {"label": "a"})
        found = one.result(f"{number:032x}")
        assert found is not None
        assert found["value"] == value
        assert type(found["value"]) is type(value)


def test_what_is_removed_is_never_seen_half(one: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    head = one.head()
    for key in KEYS:
        one.keep_result(key, 1, {})
    removed = shutil.rmtree

    def look_and_remove(folder: Path) -> None:
        (folder / "results" / f"{KEYS[0]}.json").unlink()
        assert list(table.unfinished()) == [] and table.every() == [], "a runner would do the first again"
        assert not one.file.exists(), "the runner at work on it must notice"
        removed(folder)

    monkeypatch.setattr(shutil, "rmtree", look_and_remove)
    commands.remove(head.name)
    assert list(one.folder.parent.iterdir()) == []


def test_a_result_is_written_once(one: Table) -> None:
    assert one.keep_result(KEYS[0], 1, {})
    assert not one.keep_result(KEYS[0], 2, {})
    assert one.result(KEYS[0])["value"] == 1  # type: ignore[index]


def test_what_is_left_is_what_has_neither_result_nor_error(one: Table) -> None:
    one.keep_result(KEYS[0], 1, {})
    one.keep_error(KEYS[2], {"error": "no"})
    assert one.waiting(one.head()) == [KEYS[1]]
    assert str(one.status()) == "lungs: 1 of 3 done, 1 failed (cohort.errors('lungs') says why), waiting"
    one.write(replace(one.head(), state=CANCELLED))
    assert one.status().finished
    assert list(table.unfinished()) == []


def test_nothing_runs_of_what_is_finished(one: Table) -> None:
    """What the runner said last may be half a second old."""
    for key in KEYS:
        one.keep_result(key, 1, {})
    assert str(one.status(running=1)) == "lungs: 3 of 3 done, finished"


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"value": {"plain": 1}, "sha256": "0"}', b"\xff" * 9])
def test_a_damaged_result_is_made_again(one: Table, damage: bytes) -> None:
    one.keep_result(KEYS[0], 1, {})
    (one.results / f"{KEYS[0]}.json").write_bytes(damage)
    assert one.result(KEYS[0]) is None
    assert one.forget_damaged() == 1
    assert KEYS[0] in one.waiting(one.head())
    assert one.keep_result(KEYS[0], 2, {})


def test_links_pipes_and_folders_are_no_results(one: Table, tmp_path: Path) -> None:
    one.keep_result(KEYS[0], 1, {})
    (one.results / f"{KEYS[0]}.json").rename(tmp_path / "elsewhere")
    (one.results / f"{KEYS[0]}.json").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(one.results / f"{KEYS[1]}.json")
    (one.results / f"{KEYS[2]}.json").mkdir()
    assert [one.result(key) for key in KEYS] == [None] * 3
    assert one.forget_damaged() == 3
    assert (tmp_path / "elsewhere").exists()
    assert one.waiting(one.head()) == list(KEYS)


def test_foreign_files_are_passed_over(one: Table) -> None:
    (one.results / "notes.json").write_text("{}")
    (one.results / ".hidden.json").write_text("{}")
    (table.home() / "not a cohort").mkdir()
    (table.home() / "a file").write_text("x")
    (table.home() / "pipe").mkdir()
    os.mkfifo(table.home() / "pipe" / "cohort.json")
    assert one.done() == set()
    assert [found.folder.name for found in table.every()] == ["lungs"]


def broken(told: dict[str, Any], **changes: Any) -> str:
    return json.dumps({**told, **changes})


def test_a_head_that_cannot_be_used_is_told(one: Table) -> None:
    good = json.loads(one.file.read_text())
    texts = [
        "",
        "[]",
        "[" * 100_000,
        broken(good, format=9),
        broken(good, keys=["../../etc", *KEYS[1:]]),
        broken(good, keys=KEYS[:2]),
        broken(good, work="/etc/passwd"),
        broken(good, places=[["a", 1]] * 3),
        broken(good, unknown=1),
    ]
    for text in texts:
        one.file.write_text(text)
        with pytest.raises(CohortError, match="cannot be read"):
            one.head()
        assert table.every() == []


def test_a_function_that_was_changed_on_the_disk_is_not_run(one: Table) -> None:
    head = one.head()
    (one.folder / head.work).write_bytes(b"another")
    with pytest.raises(CohortError, match="damaged"):
        one.read_work(head)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 65, "ä", "a b"])
def test_names_that_can_be_no_folder_are_refused(name: str) -> None:
    with pytest.raises(CohortError, match="cannot be a cohort's name"):
        table.usable_name(name)


def test_patients_get_labels_of_their_own() -> None:
    assert list(commands._labelled(["x/p1", Path("y/p1"), 3])) == ["p1", "p1 (2)", "3"]
    assert commands._labelled({"first": 1}) == {"first": 1}
    with pytest.raises(CohortError, match="no patients"):
        commands._labelled([])
    with pytest.raises(CohortError, match="list of patients"):
        commands._labelled("folder")


def test_an_unknown_cohort_is_told_with_those_that_there_are(one: Table) -> None:
    with pytest.raises(CohortError, match=r"no cohort 'lung'. There are: lungs"):
        commands.status("lung")


def test_the_hubs_word_holds_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPU_LIMIT", "64")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.delenv("JUPYTERHUB_API_URL", raising=False)
    assert share.at_once() == 8  # no hub: all there is
    assert share.at_once(3) == 3
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://hub")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    assert share.at_once() == share.LEAST
    share.leave(5)
    assert share.at_once() == 5
    share.leave(0)
    assert share.at_once() == 0
    (tmp_path / "cohort-share.json").write_text('{"workers": 7, "heard": 1}')
    assert share.at_once() == share.LEAST
    monkeypatch.setenv("CPU_LIMIT", "1.5")
    share.leave(5)
    assert share.at_once() == 1


def test_a_head_is_read_once_and_again_when_it_was_replaced(one: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one.head() is one.head()
    one.write(replace(one.head(), state=CANCELLED))
    assert one.head().state == CANCELLED


def test_a_look_at_thousands_opens_only_what_failed(one: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    head = one.head()
    keys = tuple(f"{number:032x}" for number in range(5000))
    labels, places = tuple(map(str, range(5000))), (head.places[0],) * 5000
    one.write(replace(head, keys=keys, labels=labels, places=places))
    one.keep_error(keys[7], {"error": "no"})
    opened: list[Path] = []
    read = files.read
    monkeypatch.setattr(files, "read", lambda path, *words: opened.append(path) or read(path, *words))
    monkeypatch.setattr(runner, "runs", lambda: False)
    (found,) = cohorts.listed()
    assert (found["total"], found["errors"]) == (5000, [{"patient": "7", "error": "no"}])
    assert len(opened) <= 2
