"""A home made ready: placement with the things a home may hold, recovery of interrupted saves, notices."""

import errno
import hashlib
import json
import logging
import os
import stat
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from skrt_workspace import prepare_home
from skrt_workspace.home import notices, recover, showing, space
from skrt_workspace.home.tree import Tree, part_name
from skrt_workspace.material import news, original, place, record, status
from skrt_workspace.server_extension.watch import Watch
from tests.support.material import publish


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def material(tmp_path: Path) -> Path:
    folder = tmp_path / "material"
    folder.mkdir()
    publish(folder, {"a.ipynb": b"one", "sub/b.txt": b"two"}, 1)
    return folder


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    folder = tmp_path / "examples"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "01.ipynb").write_text("{}")
    return folder


def test_examples_and_material_are_placed_together(home: Path, material: Path, examples: Path) -> None:
    outcome = place.place_material(home, material, examples)
    assert sorted(outcome.placed) == ["course/a.ipynb", "course/sub/b.txt", "examples/01.ipynb"]
    assert outcome.first
    assert (home / "course/sub/b.txt").read_bytes() == b"two"


def test_nothing_is_read_when_nothing_changed(
    home: Path, material: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.place_material(home, material, examples)
    monkeypatch.setattr(place, "read_sources", None)
    assert not place.place_material(home, material, examples).changed


def test_a_changed_example_of_equal_size_is_noticed(home: Path, material: Path, examples: Path) -> None:
    place.place_material(home, material, examples)
    before = (examples / "01.ipynb").stat()
    (examples / "01.ipynb").write_text("[]")
    os.utime(examples / "01.ipynb", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert place.place_material(home, material, examples).updated == ["examples/01.ipynb"]


def test_a_link_in_place_of_a_folder_is_not_followed(
    home: Path, material: Path, tmp_path: Path, examples: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (home / "course").symlink_to(elsewhere)
    outcome = place.place_material(home, material, examples)
    assert not list(elsewhere.iterdir())
    assert (home / "course (new version)/a.ipynb").read_bytes() == b"one"
    assert not outcome.failed


def test_a_link_in_place_of_a_file_stays_and_its_target_too(home: Path, material: Path, examples: Path) -> None:
    place.place_material(home, material, examples)
    (home / "thesis.txt").write_text("mine")
    (home / "course/a.ipynb").unlink()
    (home / "course/a.ipynb").symlink_to(home / "thesis.txt")
    publish(material, {"a.ipynb": b"newer"}, 2)
    place.place_material(home, material, examples)
    assert (home / "course/a.ipynb").is_symlink()
    assert (home / "thesis.txt").read_text() == "mine"
    assert (home / "course/a (new version).ipynb").read_bytes() == b"newer"


def test_a_pipe_with_the_name_of_a_file_holds_nobody_up(home: Path, material: Path, examples: Path) -> None:
    (home / "course").mkdir()
    os.mkfifo(home / "course/a.ipynb")
    place.place_material(home, material, examples)
    assert (home / "course/a (new version).ipynb").read_bytes() == b"one"


def test_a_hidden_part_of_a_manifest_is_refused(home: Path, material: Path, examples: Path) -> None:
    publish(material, {"a": b"x"}, 3)
    document = json.loads((material / "manifest.json").read_text())
    document["entries"][0]["files"]["../../escape"] = {"sha256": "0" * 64, "size": 1}
    (material / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match="plain relative path"):
        place.place_material(home, material, examples)


def test_a_full_disk_stops_the_placement_and_loses_nothing(
    home: Path, material: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.place_material(home, material, examples)
    publish(material, {"a.ipynb": b"one, newer", "sub/b.txt": b"two, newer"}, 2)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full_disk)
        outcome = place.place_material(home, material, examples)
    assert outcome.full
    assert (home / "course/a.ipynb").read_bytes() == b"one"
    place.place_material(home, material, examples)
    assert (home / "course/a.ipynb").read_bytes() == b"one, newer"
    assert sorted(path.name for path in (home / "course").iterdir()) == ["a.ipynb", "sub"]


def full_disk(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "damaged",
    [
        '{"format": 1, "fil',
        '{"format": 1, "stamp": "", "pending": [], "files": {"course/a.ipynb": {"at": "../a.ipynb"}}}',
        '{"format": 1, "stamp": "", "pending": [], "files": {"course/a.ipynb": {"at": 5}}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_record_loses_no_edit(home: Path, material: Path, examples: Path, damaged: str) -> None:
    place.place_material(home, material, examples)
    (home / "course/a.ipynb").write_bytes(b"my edit")
    (home / record.FOLDER / record.FILE).write_text(damaged)
    publish(material, {"a.ipynb": b"newer", "sub/b.txt": b"two"}, 2)
    place.place_material(home, material, examples)
    assert (home / "course/a.ipynb").read_bytes() == b"my edit"
    assert (home / "course/a (new version).ipynb").read_bytes() == b"newer"


def test_the_original_comes_back_and_the_edit_is_kept(home: Path, material: Path, examples: Path) -> None:
    place.place_material(home, material, examples)
    for number, edit in enumerate((b"first edit", b"second edit"), start=1):
        (home / "course/a.ipynb").write_bytes(edit)
        back = original.give_back(home, "course/a.ipynb", material, examples)
        assert back.kept is not None
        assert (home / back.kept).read_bytes() == edit
        assert back.kept == f"course/a (mine{'' if number == 1 else ' 2'}).ipynb"
        assert (home / "course/a.ipynb").read_bytes() == b"one"


def test_the_original_of_a_deleted_file_comes_back_and_follows_again(
    home: Path, material: Path, examples: Path
) -> None:
    place.place_material(home, material, examples)
    (home / "course/a.ipynb").unlink()
    publish(material, {"a.ipynb": b"newer"}, 2)
    place.place_material(home, material, examples)
    assert not (home / "course/a.ipynb").exists()
    assert original.give_back(home, "course/a.ipynb", material, examples).kept is None
    publish(material, {"a.ipynb": b"newest"}, 3)
    place.place_material(home, material, examples)
    assert (home / "course/a.ipynb").read_bytes() == b"newest"


def test_a_folder_in_place_of_a_file_is_kept_when_the_original_comes_back(
    home: Path, material: Path, examples: Path
) -> None:
    place.place_material(home, material, examples)
    (home / "course/a.ipynb").unlink()
    (home / "course/a.ipynb").mkdir()
    (home / "course/a.ipynb/inside.txt").write_text("mine")
    back = original.give_back(home, "course/a.ipynb", material, examples)
    assert (home / str(back.kept) / "inside.txt").read_text() == "mine"
    assert (home / "course/a.ipynb").read_bytes() == b"one"


def test_a_file_of_ones_own_has_no_original(home: Path, material: Path, examples: Path) -> None:
    (home / "own.txt").write_text("mine")
    with pytest.raises(original.NoOriginalError, match=r"own\.txt is not part"):
        original.give_back(home, "own.txt", material, examples)
    assert (home / "own.txt").read_text() == "mine"


def test_status_tells_edited_from_deleted(home: Path, material: Path, examples: Path) -> None:
    place.place_material(home, material, examples)
    (home / "course/a.ipynb").write_bytes(b"edit")
    (home / "course/sub/b.txt").unlink()
    states = {row.path: row.state for row in status.survey(home)}
    assert states == {"course/a.ipynb": "edited", "course/sub/b.txt": "deleted", "examples/01.ipynb": "untouched"}


NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def left_by_killed_save(path: Path, before: str, now: str | None, *, copied: bool = True) -> None:
    """The files as jupyter_server's atomic_writing leaves them when it is killed."""
    old = path.with_name(f".~{path.name}")
    old.write_text(before)
    if now is not None:
        path.write_text(now)
        moment = time.time_ns()
        os.utime(path, ns=(moment, moment))
        written = moment - 10**9 if copied else moment + 10**9
        os.utime(old, ns=(written, written))


@pytest.mark.parametrize(
    ("save", "expected"),
    [
        (
            ("n.ipynb", NOTEBOOK, '{"cells": [', True),
            {"n.ipynb": NOTEBOOK, "n (interrupted save).ipynb": '{"cells": ['},
        ),
        (("n.ipynb", NOTEBOOK, "", True), {"n.ipynb": NOTEBOOK}),
        (("n.ipynb", NOTEBOOK, NOTEBOOK + "\n", True), {"n.ipynb": NOTEBOOK + "\n"}),
        (("n.ipynb", '{"cel', NOTEBOOK, False), {"n.ipynb": NOTEBOOK}),
        (("n.ipynb", NOTEBOOK, None, True), {"n.ipynb": NOTEBOOK}),
        (("t.txt", "old", "", True), {"t.txt": "old"}),
        (("t.txt", "old", "new", True), {"t.txt": "new", "t (before the interrupted save).txt": "old"}),
        (("t.txt", "same", "same", True), {"t.txt": "same"}),
    ],
)
def test_an_interrupted_save_is_settled(
    home: Path, save: tuple[str, str, str | None, bool], expected: dict[str, str]
) -> None:
    name, before, now, copied = save
    left_by_killed_save(home / name, before, now, copied=copied)
    recover.recover(home)
    assert {path.name: path.read_text() for path in home.iterdir()} == expected


def test_recovery_follows_no_link(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    left_by_killed_save(outside / "t.txt", "old", "")
    (home / "link").symlink_to(outside)
    recover.recover(home)
    assert (outside / ".~t.txt").exists()


def test_prepare_never_raises_and_tells_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, material: Path
) -> None:
    monkeypatch.setenv("SKRT_MATERIAL", str(material))
    messages = prepare_home.prepare(tmp_path / "missing" / "\0")
    assert any("could not be made ready" in message for message in messages)


def test_only_a_killed_server_makes_the_next_start_search(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[Path] = []
    monkeypatch.setattr(recover, "recover", lambda folder: searched.append(folder) or [])
    prepare_home.prepare(home)
    prepare_home.ended_cleanly(home)
    prepare_home.prepare(home)
    assert not searched
    prepare_home.prepare(home)
    assert searched == [home]


def test_notices_are_kept_in_order_and_bounded(home: Path) -> None:
    for number in range(60):
        notices.write_notice(home, notices.MATERIAL, f"change {number}")
    (home / "0-broken.json").write_text("{")
    (home / "0-deep.json").write_text("[" * 100_000)
    texts = [notice.text for notice in notices.read_notices(home)]
    assert texts == [f"change {number}" for number in range(10, 60)][-len(texts) :]
    assert texts[-1] == "change 59"


def test_news_is_told_after_a_change_and_not_at_the_first_start(home: Path, material: Path, examples: Path) -> None:
    news.tell(home, place.place_material(home, material, examples))
    assert notices.read_notices(home / notices.IN_HOME) == []
    publish(material, {"a.ipynb": b"newer", "sub/b.txt": b"two"}, 2)
    news.tell(home, place.place_material(home, material, examples))
    (notice,) = notices.read_notices(home / notices.IN_HOME)
    assert notice.text == "New versions of files you have not changed: course/a.ipynb."


def test_news_that_the_files_themselves_show_is_read_once_it_was_seen(
    home: Path, material: Path, examples: Path
) -> None:
    news.tell(home, place.place_material(home, material, examples))
    publish(material, {"a.ipynb": b"newer", "sub/b.txt": b"two"}, 2)
    news.tell(home, place.place_material(home, material, examples))
    (notice,) = notices.read_notices(home / notices.IN_HOME)
    assert news.is_read_once_seen(notice)
    assert not news.is_read_once_seen(replace(notice, text=f"{notice.text}\nCould not be placed; x."))
    assert not news.is_read_once_seen(replace(notice, kind="message"))
    (home / "course/a.ipynb").write_bytes(b"my answers")
    publish(material, {"a.ipynb": b"newest", "sub/b.txt": b"two"}, 3)
    news.tell(home, place.place_material(home, material, examples))
    (notice,) = notices.read_notices(home / notices.IN_HOME)
    assert not news.is_read_once_seen(notice), "a new version beside one's own is to be read"


def told_of(home: Path) -> list[str]:
    """The lines of the one notice about material that there is; none where there is no notice."""
    found = notices.read_notices(home / notices.IN_HOME, notices.MATERIAL)
    assert len(found) <= 1
    return found[0].text.splitlines() if found else []


def test_changes_that_nobody_dismissed_are_told_together_as_they_are_now(
    home: Path, material: Path, examples: Path
) -> None:
    """As a participant meets them who was away for some updates."""

    def update(version: int, **files: bytes) -> None:
        publish(material, {f"{name}.txt": content for name, content in files.items()}, version)
        news.tell(home, place.place_material(home, material, examples))

    edited = [f"edited{number}" for number in range(8)]
    update(1, follows=b"1", goes=b"1", **dict.fromkeys(edited, b"1"))
    for name in edited:
        (home / f"course/{name}.txt").write_bytes(b"my answers")
    update(2, follows=b"2", goes=b"1", passing=b"2", **dict.fromkeys(edited, b"2"))
    update(3, follows=b"3", new=b"3", **dict.fromkeys(edited, b"3"))
    beside = [f"course/{name} (new version).txt" for name in edited]
    everything = [
        f"New versions beside files you have changed (yours are untouched): {', '.join(beside)}.",
        "New files: course/new.txt.",
        "New versions of files you have not changed: course/follows.txt.",
        "Removed by the organiser, and not changed by you: course/goes.txt.",
    ]
    assert told_of(home) == everything, "each file once, all besides by name, nothing of what came and went"

    news.tell(home, place.place_material(home, material, examples))
    assert told_of(home) == everything, "a start at which nothing is new"
    for path in (*beside, "course/new.txt"):
        (home / path).unlink()
    news.tell(home, place.place_material(home, material, examples))
    assert told_of(home) == everything[2:], "what the participant put away is no news any more"
    (notice,) = notices.read_notices(home / notices.IN_HOME)
    Watch(home, None, logging.getLogger()).dismiss([notice.name])
    update(4, follows=b"4", new=b"3", goes=b"1")
    assert told_of(home) == ["New files: course/goes.txt.", everything[2]], "nothing from before it was dismissed"


@pytest.mark.parametrize(
    "facts",
    [
        {"beside": 5},
        {"beside": ["../x"]},
        {"removed": ["a.txt", "/etc/passwd"]},
        {"updated": [7]},
        {"placed": ["\ud800"]},
        {"placed": {"a": 1}},
        {"other": ["a.txt"]},
        ["a.txt"],
        5,
    ],
)
def test_a_notice_with_facts_that_cannot_be_used_stays_and_ends_no_news(
    home: Path, material: Path, monkeypatch: pytest.MonkeyPatch, facts: object
) -> None:
    monkeypatch.setenv("SKRT_MATERIAL", str(material))
    place.place_material(home)
    folder = home / notices.IN_HOME
    folder.mkdir(parents=True)
    document = {"kind": "material", "text": "mine", "time": "", "facts": facts}
    (folder / "1-material.json").write_text(json.dumps(document))
    watch = Watch(home, None, logging.getLogger())
    for version in (2, 3):
        publish(material, {"a.ipynb": b"%d" % version, "sub/b.txt": b"two"}, version)
        assert watch.look() == [notices.MATERIAL]
    mine, news_of_material = notices.read_notices(folder, notices.MATERIAL)
    assert mine.text == "mine"
    assert news_of_material.text == "New versions of files you have not changed: course/a.ipynb."


def test_what_was_left_in_the_home_is_told_while_the_page_is_open(home: Path) -> None:
    """In a pod the hub leaves its messages there (skrt_hub.targets.kubernetes.in_server.message)."""
    watch = Watch(home, None, logging.getLogger())
    assert watch.look() == []
    for kind in (notices.MESSAGE, notices.PATIENTS):
        notices.write_notice(home / notices.IN_HOME, kind, "Lunch at 12")
        assert watch.look() == [kind]
        assert watch.look() == []


def test_material_that_cannot_be_placed_hides_nothing_else(
    home: Path, material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SKRT_MATERIAL", str(material))
    monkeypatch.setenv("SKRT_NOTICES", str(tmp_path / "hub"))
    watch = Watch(home, None, logging.getLogger())
    publish(material, {"a.ipynb": b"newer"}, 2)
    manifest = (material / "manifest.json").read_text()
    (material / "manifest.json").write_text("{")
    notices.write_notice(tmp_path / "hub", notices.MEMORY, "A kernel was ended")
    assert watch.look() == ["hub"]
    assert watch.look() == []
    assert len(caplog.records) == 1, "once for each state of the material"
    (material / "manifest.json").write_text(manifest)
    assert watch.look() == [notices.MATERIAL]


def test_what_could_not_be_placed_is_told_only_as_long_as_it_is_so(
    home: Path, material: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.place_material(home, material, examples)
    publish(material, {"a.ipynb": b"newer", "sub/b.txt": b"two"}, 2)
    with monkeypatch.context() as patch:
        patch.setattr(place._Placement, "_do", lambda *words: False)
        news.tell(home, place.place_material(home, material, examples))
    assert told_of(home)[0].startswith("Could not be placed")
    publish(material, {"a.ipynb": b"one", "sub/b.txt": b"two"}, 3)
    news.tell(home, place.place_material(home, material, examples))
    assert told_of(home) == []


def test_files_brought_back_at_several_starts_are_told_together(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for message in ("a.txt was brought back.", "b.txt was brought back.", "b.txt was brought back."):
        monkeypatch.setattr(recover, "recover", lambda folder, message=message: [message])
        (home / prepare_home.RUNNING).parent.mkdir(parents=True, exist_ok=True)
        (home / prepare_home.RUNNING).touch()
        prepare_home.prepare(home)
    (notice,) = notices.read_notices(home / notices.IN_HOME, notices.RECOVERED)
    assert notice.text == "b.txt was brought back.\na.txt was brought back."


def test_what_the_hub_says_again_and_again_is_shown_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKRT_NOTICES", str(tmp_path / "hub"))
    for number in range(3):
        notices.write_notice(tmp_path / "hub", notices.MEMORY, f"A kernel was ended: {number}")
    watch = Watch(home, None, logging.getLogger())
    (notice,) = [found for found in watch.notices() if found.kind == notices.MEMORY]
    assert notice.text == "A kernel was ended: 2"
    watch.dismiss([notice.name])
    assert not [found for found in watch.notices() if found.kind == notices.MEMORY], "nor do those before come up"


@pytest.mark.parametrize(("used", "state"), [(10, "ok"), (95, "nearly"), (100, "full"), (120, "full")])
def test_a_limit_is_told_before_it_is_reached(tmp_path: Path, used: int, state: str) -> None:
    (tmp_path / space.USAGE).write_text(json.dumps({"used": used * space.MB * 10, "limit": 1000 * space.MB}))
    assert space.measure(tmp_path, tmp_path).state == state


def test_a_path_out_of_the_home_is_never_walked(home: Path) -> None:
    for path in ("../x", "/etc/passwd", "a//b", "", "a/./b"):
        with pytest.raises(ValueError, match="not a plain relative path"):
            Tree(home).look(path)


def as_participant(work: Callable[[], None]) -> bool:
    """Do `work` as somebody whom the modes of folders bind; root's rights would open them all. Whether it went well."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(70001)
                os.setuid(70001)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_read_only_folder_blocks_neither_the_start_nor_the_other_files() -> None:
    with tempfile.TemporaryDirectory() as name:  # below /tmp itself: pytest's own folders are closed to others
        base = Path(name)
        base.chmod(0o755)
        material, home, none = base / "material", base / "home", base / "none"
        for folder in (material, home):
            folder.mkdir()
        publish(material, {"a.ipynb": b"one", "sub/b.txt": b"two"}, 1)
        if os.geteuid() == 0:
            os.chown(home, 70001, 70001)

        def placed() -> None:
            assert not place.place_material(home, material, none).failed

        def lock_and_update() -> None:
            (home / "course/sub").chmod(0o555)
            outcome = place.place_material(home, material, none)
            assert outcome.updated == ["course/a.ipynb"]
            assert list(outcome.failed) == ["course/sub/b.txt"]
            (home / "course/sub").chmod(0o755)

        assert as_participant(placed)
        publish(material, {"a.ipynb": b"new", "sub/b.txt": b"new"}, 2)
        assert as_participant(lock_and_update)
        assert (home / "course/sub/b.txt").read_bytes() == b"two", "what could not be replaced is whole"
        assert as_participant(placed), "the next start tries again"
        assert (home / "course/sub/b.txt").read_bytes() == b"new"


def test_a_huge_file_follows_its_new_version_with_little_memory(home: Path, material: Path) -> None:
    huge = material / "huge"
    with huge.open("wb") as stream:
        stream.truncate(300_000_000)
    facts = {"sha256": hashlib.file_digest(huge.open("rb"), "sha256").hexdigest(), "size": 300_000_000}
    entry = {"name": "course", "version": "", "files": {"huge.nii": facts}}
    (material / "versions/3/course").mkdir(parents=True)
    huge.rename(material / "versions/3/course/huge.nii")
    document = {"format": 1, "folder": "versions/3", "entries": [entry]}
    (material / "manifest.json").write_text(json.dumps(document))
    tracemalloc.start()
    place.place_material(home, material, home / "none")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (home / "course/huge.nii").stat().st_size == 300_000_000
    assert most < 20_000_000


OURS = [
    f"{record.FOLDER}/{record.FILE}",
    f"{notices.IN_HOME}/1-message.json",
    showing.FILE,
    prepare_home.RUNNING,
    ".local/state/skrt-workspace/shared.json",
    ".local/state/skrt-workspace/seen.json",
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("kind", ["pipe", "endless", "deep"])
def test_nothing_in_place_of_our_own_files_holds_a_server_up(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    monkeypatch.setenv("SKRT_SHARED", json.dumps({"team": {"path": "/shared/team", "write": True}}))
    for folder in {Path(other).parent for other in OURS}:
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / prepare_home.RUNNING).touch()
    (home / name).unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(home / name)
    elif kind == "endless":
        (home / name).symlink_to("/dev/zero")
    else:
        (home / name).write_text("[" * 200_000)
    assert not [line for line in prepare_home.prepare(home) if "fully" in line]
    assert str((home / "team").readlink()) == "/shared/team"
    watch = Watch(home, None, logging.getLogger())
    assert showing.shown_until(home) == 0
    watch.notices()
    watch.dismiss(["1-message.json"])
    assert showing.show(home, 60) == showing.shown_until(home)


def test_a_device_with_the_name_of_a_file_stays(home: Path, material: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make devices")
    place.place_material(home, material, home / "none")
    (home / "course/a.ipynb").unlink()
    try:
        os.mknod(home / "course/a.ipynb", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("no devices can be made here")
    publish(material, {"a.ipynb": b"new", "sub/b.txt": b"two"}, 2)
    outcome = place.place_material(home, material, home / "none")
    assert stat.S_ISCHR((home / "course/a.ipynb").stat().st_mode)
    assert not outcome.failed


def test_what_an_interrupted_upload_left_goes_after_a_kill(home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / part_name("scan.nii")).write_bytes(b"half")
    (home / "data/scan.nii").write_bytes(b"before")
    assert recover.recover(home) == []
    assert [path.name for path in (home / "data").iterdir()] == ["scan.nii"]
    assert (home / "data/scan.nii").read_bytes() == b"before"
