"""Material is published whole, changes only when a source does, and outlives a source that is gone."""

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from skrt_hub.errors import SettingsError
from skrt_hub.homes.on_machine import MachineHomes
from skrt_hub.layout import Layout
from skrt_hub.material import overview
from skrt_hub.material import published as materials
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_workspace.material.place import place_material
from tests.support.archives import entry, tar_of


def fetch(layout: Layout, *entries: object, refresh: bool = False) -> dict[str, str]:
    settings = Settings.model_validate({"material": list(entries)})
    return {state.name: state.state for state in materials.fetch(settings, layout, Silent(), refresh=refresh)}


def placed(layout: Layout, home: Path) -> dict[str, bytes]:
    """What a home holds after its server started."""
    home.mkdir(exist_ok=True)
    place_material(home, layout.material / "shown", home / "none")
    found = [path for path in home.rglob("*") if path.is_file() and ".local" not in path.parts]
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "state")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.ipynb").write_text("one")
    (folder / "sub/run.sh").write_text("two")
    (folder / "sub/run.sh").chmod(0o755)
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("secret")
    return folder


def test_a_folder_reaches_the_homes(layout: Layout, course: Path, tmp_path: Path) -> None:
    assert fetch(layout, {"folder": str(course)}) == {"course": "new"}
    assert placed(layout, tmp_path / "home") == {"course/a.ipynb": b"one", "course/sub/run.sh": b"two"}
    assert (tmp_path / "home/course/sub/run.sh").stat().st_mode & 0o100


def test_nothing_is_written_when_nothing_changed(layout: Layout, course: Path) -> None:
    fetch(layout, {"folder": str(course)})
    before = (layout.material / "shown/manifest.json").stat()
    assert fetch(layout, {"folder": str(course)}) == {"course": "unchanged"}
    assert (layout.material / "shown/manifest.json").stat().st_ino == before.st_ino


def test_a_change_is_published_and_the_old_version_stays_for_who_still_reads_it(layout: Layout, course: Path) -> None:
    fetch(layout, {"folder": str(course)})
    for number in range(3):
        (course / "a.ipynb").write_text(f"version {number}")
        assert fetch(layout, {"folder": str(course)}) == {"course": "changed"}
    versions = sorted((layout.material / "shown/versions").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert [(version / "course/a.ipynb").read_text() for version in versions] == ["version 1", "version 2"]


def test_a_source_that_is_gone_keeps_its_last_version(layout: Layout, course: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.txt").write_text("b")
    fetch(layout, {"folder": str(course)}, {"folder": str(other)})
    shutil.rmtree(course)
    (other / "b.txt").write_text("b, newer")
    assert fetch(layout, {"folder": str(course)}, {"folder": str(other)}) == {"course": "kept", "other": "changed"}
    files = placed(layout, tmp_path / "home")
    assert files["course/a.ipynb"] == b"one"
    assert files["other/b.txt"] == b"b, newer"


def test_a_source_that_never_was_leaves_the_others(layout: Layout, course: Path, tmp_path: Path) -> None:
    states = fetch(layout, {"folder": str(tmp_path / "none")}, {"folder": str(course)})
    assert states == {"none": "missing", "course": "new"}


def test_an_entry_taken_out_of_the_settings_goes_from_untouched_homes(
    layout: Layout, course: Path, tmp_path: Path
) -> None:
    fetch(layout, {"folder": str(course)})
    placed(layout, tmp_path / "home")
    (tmp_path / "home/course/a.ipynb").write_text("edited")
    fetch(layout)
    assert placed(layout, tmp_path / "home") == {"course/a.ipynb": b"edited"}


def test_links_in_a_folder_are_copied_inside_and_left_out_outside(layout: Layout, course: Path, tmp_path: Path) -> None:
    (tmp_path / "private.txt").write_text("private")
    (course / "inside").symlink_to("a.ipynb")
    (course / "outside").symlink_to(tmp_path / "private.txt")
    (course / "nowhere").symlink_to("nothing")
    settings = Settings.model_validate({"material": [{"folder": str(course)}]})
    (state,) = materials.fetch(settings, layout, Silent())
    assert placed(layout, tmp_path / "home")["course/inside"] == b"one"
    assert not (tmp_path / "home/course/outside").exists()
    assert len(state.notes) == 2


def test_an_archive_and_its_subfolder(layout: Layout, tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "week1.tar.gz", (entry("top/in/a.txt"), b"a"), (entry("top/b.txt"), b"b"))
    assert fetch(layout, {"archive": str(archive), "subfolder": "top/in"}) == {"week1": "new"}
    assert placed(layout, tmp_path / "home") == {"week1/a.txt": b"a"}


def test_a_hostile_archive_is_told_and_nothing_is_published(layout: Layout, tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "week1.tar.gz", (entry("../a.txt"), b"a"))
    settings = Settings.model_validate({"material": [{"archive": str(archive)}]})
    (state,) = materials.fetch(settings, layout, Silent())
    assert "outside the folder" in str(state.problem)
    assert placed(layout, tmp_path / "home") == {}


@pytest.mark.parametrize("name", ["examples", ".ssh", "a/b"])
def test_a_name_that_would_hide_something_is_refused(layout: Layout, course: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be the name"):
        fetch(layout, {"folder": str(course), "name": name})


def test_two_sources_of_one_name_are_refused(layout: Layout, course: Path) -> None:
    with pytest.raises(SettingsError, match="two entries"):
        fetch(layout, {"folder": str(course)}, {"folder": str(course)})


def test_odd_names_survive_the_manifest(layout: Layout, course: Path, tmp_path: Path) -> None:
    for name in ("new\nline", "\udce4.dat", "x" * 255, "-rf"):
        (course / name).write_text(repr(name))
    fetch(layout, {"folder": str(course)})
    json.loads((layout.material / "shown/manifest.json").read_text())
    files = placed(layout, tmp_path / "home")
    assert files["course/\udce4.dat"] == repr("\udce4.dat").encode()
    assert len(files) == 6


def test_material_that_is_named_and_missing_is_not_called_none(layout: Layout) -> None:
    report = overview.material_status(layout, MachineHomes(layout), Silent(), ["course"])
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report.render())
    said = console.export_text()
    assert report.missing == ("course",)
    assert "course is named in hub.yaml, but missing" in said and "names no material" not in said
