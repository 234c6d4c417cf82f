"""A shared folder as one more home: saved, restored and deleted like the others, and never taken for a person's."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from skrt_hub.errors import PermissionsError
from skrt_hub.homes.access import Home, of_people, shared_home
from skrt_hub.homes.on_machine import MachineHomes
from skrt_hub.homes.quota import full_shared, look_at_shared, tell_shared
from skrt_hub.hub import shared_folders
from skrt_hub.hub.names import FIRST_GROUP, Places, folder_for
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine import delete
from skrt_hub.targets.protocol import DeleteOptions
from skrt_workspace.home.scan import FILE
from skrt_workspace.home.transfer import Step
from skrt_workspace.shared_folders import USAGE

ROOT = os.geteuid() == 0


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A hub with one home and one shared folder."""
    layout = Layout(tmp_path / "state")
    layout.home("anna").mkdir(parents=True)
    layout.hub.mkdir()
    Places(layout.folders).ensure("anna")
    shared_folders.ensure(layout, "project", root=ROOT)
    return layout


def test_it_is_a_home_for_copies_and_nobodys_for_all_else(layout: Layout) -> None:
    homes = MachineHomes(layout)
    assert [home.name for home in homes.all()] == ["/shared/project", "anna"]
    assert of_people(homes) == [Home("anna", "anna")]
    assert homes.expected("/shared/project", "shared.project") == shared_home("project")
    assert not any("." in folder_for(name) for name in ("anna", "shared.project", "a.b", "Ä.x"))


def test_a_copy_is_restored_into_a_folder_that_is_made_for_it(layout: Layout) -> None:
    homes, home = MachineHomes(layout), shared_home("new")
    step = Step("a.txt", FILE, 0o600, 0, digest=hashlib.sha256(b"x").hexdigest(), pieces=[b"x"])
    assert [outcome.problem for outcome in homes.receive(home, [step])] == [""]
    folder = layout.shared / "new"
    assert (folder / "a.txt").read_text() == "x"
    assert [entry.path for entry in homes.scan(home)] == ["a.txt"]
    if ROOT:
        found = (folder / "a.txt").stat()
        assert found.st_gid == folder.stat().st_gid >= FIRST_GROUP
        assert found.st_mode & 0o777 == 0o660
        assert folder.stat().st_gid != (layout.shared / "project").stat().st_gid


def test_a_link_in_its_place_is_not_followed(layout: Layout, tmp_path: Path) -> None:
    (layout.shared / "led-away").symlink_to(tmp_path)
    assert "led-away" not in [path.name for path in shared_folders.folders_there(layout)]
    with pytest.raises(PermissionsError):
        shared_folders.ensure(layout, "led-away", root=ROOT)
    assert MachineHomes(layout).path(shared_home("led-away")) is None


def test_delete_removes_it_with_the_homes_and_never_before(layout: Layout) -> None:
    (layout.shared / "project" / "a").write_text("work")
    outside = layout.root.parent / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (layout.shared / "project" / "link").symlink_to(outside)
    layout.home("anna").rmdir()
    rows = {row.what.partition(":")[0]: row.removed for row in delete.plan(layout, DeleteOptions())}
    assert rows["shared folders"] is False
    delete.carry_out(layout, DeleteOptions())
    assert (layout.shared / "project" / "a").exists(), "also where there is no home any more"
    delete.carry_out(layout, DeleteOptions(homes=True))
    assert not layout.shared.exists()
    assert (outside / "kept").exists()


def test_a_full_folder_is_told_to_its_people_alone(layout: Layout) -> None:
    settings = Settings.model_validate({"shared": [{"name": "project", "size": "1 MB"}]})
    assert full_shared(layout, settings) == []
    (layout.shared / "project" / "large").write_bytes(os.urandom(1_100_000))
    (sentence,) = full_shared(layout, settings)
    assert sentence.startswith("The shared folder /shared/project is full: 1.1 MB of 1.0 MB.")
    found = look_at_shared(settings, layout)
    tell_shared(layout, "anna", ["project"], found)
    tell_shared(layout, "chris", [], found)
    assert (layout.notices("anna") / USAGE).exists()
    assert not (layout.notices("chris") / USAGE).exists()
    tell_shared(layout, "anna", [], found)
    assert not (layout.notices("anna") / USAGE).exists(), "who left the group is told no more"
