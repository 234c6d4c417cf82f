"""Full disks are named: by room, and by the number of files that they can hold."""

import os
from pathlib import Path

import pytest

from skrt_hub.files import write_if_changed
from skrt_hub.hub.full import full_disks
from skrt_hub.layout import Layout
from skrt_workspace.home.space import Space, warning


def disk(bavail: int, favail: int) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, 10**6, bavail, bavail, 10**6, favail, favail, 0, 255))


@pytest.mark.parametrize(
    ("free", "files", "words"), [(10, 10**6, "are left"), (10**6, 3, "3 more files"), (10**6, 10**6, None)]
)
def test_a_full_disk_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, files: int, words: str | None
) -> None:
    Layout(tmp_path).homes.mkdir()
    monkeypatch.setattr(os, "statvfs", lambda path: disk(free, files))
    told = full_disks(Layout(tmp_path))
    assert len(told) == (words is not None)
    assert words is None or (words in told[0] and str(tmp_path) in told[0])


def test_a_home_without_room_for_another_file_says_so_and_not_megabytes() -> None:
    assert "number of files" in warning(Space(10**9, files=0))
    assert warning(Space(10**9, files=10**6)) == ""
    assert "Delete files" in warning(Space(0, files=10**6))


def test_what_is_the_same_already_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_if_changed(tmp_path / "one", "words")
    before = (tmp_path / "one").stat()
    write_if_changed(tmp_path / "one", "words")
    assert (tmp_path / "one").stat().st_ino == before.st_ino
    write_if_changed(tmp_path / "one", "other words")
    assert (tmp_path / "one").read_text() == "other words"
