"""What a server knows of shared folders: links in the home, and how full they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skrt_workspace import shared_folders
from skrt_workspace.sandbox import walls
from skrt_workspace.start_page import start_page


def tell(monkeypatch: pytest.MonkeyPatch, **folders: Any) -> None:
    monkeypatch.setenv(shared_folders.VARIABLE, json.dumps(folders))


def test_a_link_is_made_where_nothing_stands_and_goes_with_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sheets").write_text("my own")
    two = {name: {"path": f"/shared/{name}", "write": True} for name in ("project", "sheets")}
    tell(monkeypatch, **two)
    shared_folders.link(tmp_path)
    shared_folders.link(tmp_path)
    assert str((tmp_path / "project").readlink()) == "/shared/project"
    assert (tmp_path / "sheets").read_text() == "my own"
    page = {one["name"]: one["link"] for one in start_page(tmp_path, ())["shared"]}
    assert page == {"project": "project", "sheets": ""}
    tell(monkeypatch)
    shared_folders.link(tmp_path)
    assert not (tmp_path / "project").is_symlink()
    assert (tmp_path / "sheets").exists()


def test_a_link_of_the_owners_own_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").symlink_to("/tmp")
    tell(monkeypatch, project={"path": "/shared/project", "write": True})
    shared_folders.link(tmp_path)
    tell(monkeypatch)
    shared_folders.link(tmp_path)
    assert str((tmp_path / "project").readlink()) == "/tmp"


def test_a_full_folder_is_told_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKRT_NOTICES", str(tmp_path))
    tell(monkeypatch, a={"path": "/shared/a", "write": True, "limit": 100}, b={"path": "/shared/b", "write": True})
    assert shared_folders.warnings() == []
    usage = {"a": {"used": 99_000_000, "limit": 100_000_000}, "b": "nonsense"}
    (tmp_path / shared_folders.USAGE).write_text(json.dumps(usage))
    (warning,) = shared_folders.warnings()
    assert warning.startswith("The shared folder /shared/a is full: 99 of 100 MB.")


@pytest.mark.parametrize("text", ["", "[]", "no JSON", '{"a": 1}', '{"a": {}}'])
def test_whatever_the_variable_holds_a_server_starts(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shared_folders.VARIABLE, text)
    assert shared_folders.shared_folders() == ()
    shared_folders.link(tmp_path)


def test_everything_but_the_shared_folders_may_hold_links_and_pipes() -> None:
    rules = dict(walls.plain_files())
    assert rules["/tmp"] == walls.ODD_FILES
    assert all(may == walls.ODD_FILES for path, may in rules.items() if path != "/shared")
