"""What a program in a sandbox is shown of the files that a person named, and what is copied for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from skrt_hub.errors import SpaceError, UsageError
from skrt_hub.inspection.shown import show
from skrt_workspace.home.walk import remove_tree
from skrt_workspace.sandbox.document import Bind, User
from tests.support.deep import deepen

_OWN = User(os.getuid() or 1000, os.getgid() or 1000)
"""Whose copies anybody can make, too, who is not root."""


def _closed(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.dcm").write_text("a")
    (folder / "a.dcm").chmod(0o600)
    return folder


def test_what_all_can_read_is_shown_in_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "open [1]"
    folder.mkdir(mode=0o755)
    (folder / "a.dcm").write_text("a")
    shown = show([folder], tmp_path / "copies", _OWN, tmp_path / "environment", isolated=True)
    assert shown.binds == (Bind(str(folder), str(folder)),)
    assert shown.inside == {str(folder): str(folder)}
    assert not (tmp_path / "copies").exists()


def test_what_is_closed_is_copied_without_links_and_shown_in_its_place(tmp_path: Path) -> None:
    folder = _closed(tmp_path / "closed")
    (folder / "link.dcm").symlink_to("/etc/passwd")
    (folder / "link").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    shown = show([folder], tmp_path / "copies", _OWN, tmp_path / "environment", isolated=True)
    (bind,) = shown.binds
    assert bind.inside == str(folder)
    copy = Path(bind.source)
    assert [path.name for path in copy.iterdir()] == ["a.dcm"]
    assert (copy / "a.dcm").stat().st_mode & 0o777 == 0o640
    assert copy.stat().st_mode & 0o777 == 0o750


def test_a_copy_keeps_holes_and_takes_whatever_lies_there(tmp_path: Path) -> None:
    """A file of terabytes with nothing in it would fill the disk; folders in one another have no path that is short."""
    folder = _closed(tmp_path / "closed")
    with (folder / "huge.nii").open("wb") as huge:
        huge.truncate(1 << 40)
        huge.seek(1 << 39)
        huge.write(b"something")
    deepen(folder, 2500)
    try:
        shown = show([folder], tmp_path / "copies", _OWN, tmp_path / "environment", isolated=True)
        copy = Path(shown.binds[0].source) / "huge.nii"
        assert copy.stat().st_size == 1 << 40
        assert copy.stat().st_blocks * 512 < 64 << 20
        with copy.open("rb") as stream:
            stream.seek(1 << 39)
            assert stream.read(10) == b"something\0"
        assert (copy.with_name("a.dcm")).read_text() == "a"
    finally:
        remove_tree(folder)
        remove_tree(tmp_path / "copies")


def test_without_room_for_a_copy_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _closed(tmp_path / "closed")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 30))
    with pytest.raises(SpaceError, match=r"no room for a copy of a\.dcm"):
        show([folder], tmp_path / "copies", _OWN, tmp_path / "environment", isolated=True)


def test_without_namespaces_the_copy_has_the_path_that_it_has(tmp_path: Path) -> None:
    folder = _closed(tmp_path / "closed")
    shown = show([folder], tmp_path / "copies", _OWN, tmp_path / "environment", isolated=False)
    (bind,) = shown.binds
    assert bind.inside == bind.source == shown.inside[str(folder)]
    assert bind.source != str(folder)


def test_an_ordinary_users_hub_copies_nothing_and_mounts_nothing_twice(tmp_path: Path) -> None:
    folder = _closed(tmp_path / "closed")
    shown = show([folder / "a.dcm", folder], tmp_path / "copies", None, tmp_path / "environment", isolated=True)
    assert shown.binds == (Bind(str(folder), str(folder)),)
    assert set(shown.inside) == {str(folder), str(folder / "a.dcm")}


def test_what_every_sandbox_has_is_not_mounted_again(tmp_path: Path) -> None:
    phantom = tmp_path / "environment" / "phantom"
    phantom.mkdir(parents=True)
    shown = show([phantom], tmp_path / "copies", _OWN, tmp_path / "environment", isolated=True)
    assert shown.binds == ()
    assert shown.inside == {str(phantom): str(phantom)}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no"):
        show([tmp_path / "none"], tmp_path / "copies", None, tmp_path, isolated=True)
