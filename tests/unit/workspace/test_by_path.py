"""All below a folder by paths: as os.walk gives it, and however deep it is."""

from __future__ import annotations

import os
from pathlib import Path

from skrt_hub.inspection.guard import _below
from skrt_workspace.data.headers import read
from skrt_workspace.home.by_path import below
from skrt_workspace.home.walk import remove_tree
from tests.support.deep import deepen


def test_it_is_what_os_walk_gives(tmp_path: Path) -> None:
    for name in ("a/b/c", "a/d", "e"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").touch()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a" / "dangling").symlink_to("nowhere")
    (tmp_path / "a" / "up").symlink_to("..")
    found = {place: (sorted(folders), sorted(others)) for place, folders, others in below(tmp_path)}
    assert found == {place: (sorted(folders), sorted(others)) for place, folders, others in os.walk(tmp_path)}


def test_thousands_of_folders_in_one_another_end_no_program(tmp_path: Path) -> None:
    """What a participant hands in is looked at by paths, too."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "note.txt").write_text("x")
    deepen(tmp_path / "home", 3000)
    try:
        assert len(list(below(tmp_path / "home"))) > 1000
        assert [path.name for path in read(tmp_path / "home").others] == ["note.txt"]
        assert [path.name for path in _below([tmp_path / "home"])] == ["note.txt"]
    finally:
        remove_tree(tmp_path / "home")
