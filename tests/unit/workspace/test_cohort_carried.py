"""Files that travel with a task: which they are, and that nothing lands outside the home."""

from __future__ import annotations

import io
import tarfile
from functools import partial
from pathlib import Path

import pytest

from skrt_workspace.cohort import carried
from skrt_workspace.cohort.table import CohortError, Head


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "home"
    (found / "work/patients/p1").mkdir(parents=True)
    (found / "work/patients/p1/ct.nii").write_text("voxels")
    (found / "work/atlas.nii").write_text("atlas")
    (found / ".secret").write_text("own")
    (tmp_path / "other.nii").write_text("not of the home")
    monkeypatch.setenv("HOME", str(found))
    monkeypatch.chdir(found / "work")
    return found


def test_whatever_names_a_file_of_the_home_travels(home: Path) -> None:
    assert carried.inputs_of(home / "work/patients/p1") == ("work/patients/p1",)
    assert carried.inputs_of({"ct": "patients/p1/ct.nii", "n": 3, "note": "rigid"}) == ("work/patients/p1/ct.nii",)
    assert carried.inputs_of([("atlas.nii",), {"../work/atlas.nii"}]) == ("work/atlas.nii",)
    assert carried.inputs_of(partial(print, "atlas.nii")) == ("work/atlas.nii",)


def test_nothing_else_travels(home: Path) -> None:
    for word in (".", "..", "", str(home), "/", str(home / ".secret"), str(home.parent / "other.nii"), "no\0name", "x"):
        assert carried.inputs_of(word) == (), word
    own: list[object] = ["atlas.nii"]
    own.append(own)
    assert carried.inputs_of(own) == ("work/atlas.nii",)


def test_files_lie_at_the_same_place_and_what_is_written_comes_back(home: Path, tmp_path: Path) -> None:
    piece = carried.pack(home, ("work/patients/p1", "work/atlas.nii", "work/gone"))
    away = tmp_path / "away"
    away.mkdir()
    place = carried.Place(away, away / "work")
    brought = place.bring(piece)
    assert {file.relative_to(away).as_posix() for file in brought} == {"work/patients/p1/ct.nii", "work/atlas.nii"}
    assert (away / "work/patients/p1/ct.nii").read_text() == "voxels"
    before = place.look()
    (away / "work/out").mkdir()
    (away / "work/out/result.nii").write_text("moved")
    (away / ".cache").mkdir()
    (away / ".cache/programs-own").write_text("stays")
    written = place.new_since(before)
    assert [file.name for file in written] == ["result.nii"]
    carried.unpack(home, place.take(written))
    assert (home / "work/out/result.nii").read_text() == "moved"
    place.clear({*brought, *written})
    assert not list((away / "work").iterdir()), "the next task finds no folder of this one"


def test_a_piece_reaches_nothing_outside_and_nothing_hidden(home: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name in (".bashrc", "work/fine"):
            info = tarfile.TarInfo(name)
            info.size = 1
            tar.addfile(info, io.BytesIO(b"x"))
        link = tarfile.TarInfo("work/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)
    carried.unpack(home, stream.getvalue())
    assert (home / "work/fine").exists()
    assert not (home / ".bashrc").exists() and not (home / "work/link").is_symlink()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("work/../../above"))
    with pytest.raises(tarfile.TarError):
        carried.unpack(home, stream.getvalue())


@pytest.fixture
def shared(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shared folders, one of them with a link in the home."""
    found = home.parent / "shared"
    (found / "project/p1").mkdir(parents=True)
    (found / "project/p1/ct.nii").write_text("voxels of the group")
    (home / "project").symlink_to(found / "project")
    monkeypatch.setattr(carried, "SHARED", found)
    return found


def test_files_of_shared_folders_travel_too(home: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = str(shared / "project/p1")
    assert carried.inputs_of({"ct": patient}) == (patient,)
    assert carried.inputs_of([str(shared), str(shared / "gone")]) == ()
    piece = carried.pack(home, (patient, "work/atlas.nii"))
    away, there = home.parent / "away", home.parent / "shared there"
    away.mkdir()
    there.mkdir()
    monkeypatch.setattr(carried, "SHARED", there)
    place = carried.Place(away, away)
    brought = place.bring(piece)
    assert set(brought) == {there / "project/p1/ct.nii", away / "work/atlas.nii"}
    before = place.look()
    (there / "project/p1/moved.nii").write_text("moved")
    written = place.new_since(before)
    back = place.take(written)
    place.clear({*brought, *written})
    assert not list(there.iterdir()) and not list(away.iterdir())
    monkeypatch.setattr(carried, "SHARED", shared)
    carried.unpack(home, back)
    assert (shared / "project/p1/moved.nii").read_text() == "moved"


def test_a_task_can_write_to_a_shared_folder_of_which_it_was_given_nothing(
    home: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shared / "board").mkdir()
    folders = carried.shared_folders(home)
    assert folders == (("board", False), ("project", True))
    away, there = home.parent / "away", home.parent / "shared there"
    away.mkdir()
    there.mkdir()
    monkeypatch.setattr(carried, "SHARED", there)
    assert carried.shared_folders(away) == ()
    place = carried.Place(away, away)
    place.make_room(folders)
    before = place.look()
    (away / "project/new").mkdir()
    (away / "project/new/moved.nii").write_text("moved")
    (there / "board/notice.txt").write_text("read")
    written = place.new_since(before)
    assert written == [there / "board/notice.txt", there / "project/new/moved.nii"], "each once, also behind the link"
    place.clear(written)
    assert sorted(path.name for path in there.rglob("*")) == ["board", "project"], "there for the next task, and empty"


def test_what_was_written_below_a_link_to_a_shared_folder_lands_there(home: Path, shared: Path) -> None:
    away = home.parent / "away"
    (away / "project").mkdir(parents=True)
    (away / "project/moved.nii").write_text("moved")
    carried.unpack(home, carried.pack(away, ("project",)))
    assert (shared / "project/moved.nii").read_text() == "moved"
    (home / "elsewhere").symlink_to("/tmp")
    (away / "elsewhere").mkdir()
    (away / "elsewhere/file").write_text("x")
    with pytest.raises(tarfile.TarError):
        carried.unpack(home, carried.pack(away, ("elsewhere",)))


def test_too_much_is_refused_in_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried, "LARGEST", 5)
    with pytest.raises(CohortError, match="too much to travel"):
        carried.pack(home, ("work/patients",))


def test_a_table_of_before_has_no_inputs(home: Path) -> None:
    old = (
        b'{"format": 1, "name": "n", "function": "f", "function_hash": "h", "created": 1.0, "labels": ["a"],'
        b'"keys": ["00000000000000000000000000000000"], "places": [[1, 2]], "variables": {}, "path": [], "modules": [],'
        b'"work": "work-' + b"0" * 64 + b'.pkl"}'
    )
    assert Head.from_json(old).inputs == ()
