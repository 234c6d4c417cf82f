"""Material that comes into a running pod: shown whole, instead of the image's, and placed under the usual rules."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from skrt_hub.targets.kubernetes.delivery import pack
from skrt_workspace.material.place import place_material
from skrt_workspace.material.receive import main, take_in
from skrt_workspace.material.source import NEWER, material_folder
from tests.support.material import publish


def send(shown: Path, pod: Path, tmp_path: Path) -> None:
    with pack(shown, tmp_path / "material.tar").open("rb") as source:
        take_in(source, pod)


def test_what_comes_replaces_what_came_before_and_is_placed(tmp_path: Path) -> None:
    shown, pod, home = tmp_path / "hub", tmp_path / "pod", tmp_path / "home"
    home.mkdir()
    publish(shown, {"a.txt": b"one", "b.txt": b"one"}, 1)
    send(shown, pod, tmp_path)
    place_material(home, pod, home / "none")
    (home / "course/b.txt").write_text("mine")
    publish(shown, {"a.txt": b"two", "b.txt": b"two"}, 2)
    send(shown, pod, tmp_path)
    place_material(home, pod, home / "none")
    found = {path.name: path.read_text() for path in (home / "course").iterdir()}
    assert found == {"a.txt": "two", "b.txt": "mine", "b (new version).txt": "two"}
    assert [path.name for path in (pod / "versions").iterdir()] == ["2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "hub", "material.tar", "pod"]


def test_material_that_was_taken_back_goes_from_the_pod_too(tmp_path: Path) -> None:
    shown, pod, home = tmp_path / "hub", tmp_path / "pod", tmp_path / "home"
    home.mkdir()
    publish(shown, {"a.txt": b"one"}, 1)
    send(shown, pod, tmp_path)
    place_material(home, pod, home / "none")
    (shown / "versions/2").mkdir()
    (shown / "manifest.json").write_text(
        json.dumps({"format": 1, "folder": "versions/2", "entries": [], "removed": ["course"]})
    )
    send(shown, pod, tmp_path)
    place_material(home, pod, home / "none")
    assert not (home / "course").exists()


@pytest.mark.parametrize("wrong", ["cut", "no manifest", "outside"])
def test_a_wrong_archive_changes_nothing(tmp_path: Path, wrong: str) -> None:
    shown, pod = tmp_path / "hub", tmp_path / "pod"
    publish(shown, {"a.txt": b"one"}, 1)
    send(shown, pod, tmp_path)
    publish(shown, {"a.txt": b"two" * 10_000}, 2)
    data = pack(shown, tmp_path / "material.tar").read_bytes()
    if wrong == "cut":
        data = data[: len(data) // 2]
    else:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("../out" if wrong == "outside" else "other"), io.BytesIO())
        data = stream.getvalue()
    with pytest.raises((tarfile.TarError, OSError)):
        take_in(io.BytesIO(data), pod)
    assert json.loads((pod / "manifest.json").read_text())["folder"] == "versions/1"
    assert (pod / "versions/1/course/a.txt").read_bytes() == b"one"
    assert not (tmp_path / "out").exists()


def test_the_newer_material_is_shown_where_there_is_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKRT_MATERIAL", "/image")
    monkeypatch.setenv(NEWER, str(tmp_path / "newer"))
    assert material_folder() == Path("/image")
    publish(tmp_path / "newer", {"a.txt": b"x"}, 1)
    assert material_folder() == tmp_path / "newer"


def test_outside_a_pod_nothing_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NEWER, raising=False)
    assert main() == 2
