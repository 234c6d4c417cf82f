"""A registration's record as an RO-Crate: whole, without paths and patients, and to be run again."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from skrt_workspace.engines import record
from skrt_workspace.registration import crating, repeating
from skrt_workspace.registration.crating import crate
from skrt_workspace.registration.repeating import RepeatError, Repetition, repeat


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A folder as elastix leaves it, of an image in a patient's folder."""
    patient, folder = tmp_path / "SMITH", tmp_path / "result"
    patient.mkdir()
    folder.mkdir()
    inputs = {}
    for key, name in (("-f", "planning.nii.gz"), ("-m", "daily.nii.gz")):
        (patient / name).write_text(key)
        digest = hashlib.sha256(key.encode()).hexdigest()
        inputs[key] = {"path": str(patient / name), "sha256": digest}
    (folder / "TransformParameters.0.txt").write_text(
        f'(TransformParameters 1 2 3)\n(InitialTransformParameterFileName "{tmp_path}/SMITH/before.txt")\n'
    )
    (folder / "result.0.mhd").write_text("head")
    (folder / "result.0.raw").write_text("voxels")
    document = {
        "format": record.FORMAT,
        "engine": {"name": "elastix", "version": "5.2.0", "package": "p", "threads": 2, "exact": True},
        "inputs": inputs,
        "parameters": [{"Transform": ["EulerTransform"], "MaximumStepLength": ["1.5"]}],
        "results": {"transforms": {"TransformParameters.0.txt": "a"}, "images": {"result.0.mhd": "b"}},
        "machine": {"type": "x86_64", "processors": 2, "packages_sha256": "c"},
        "finished": "2026-03-01T10:00:00+00:00",
        "seconds": 3.0,
    }
    (folder / record.NAME).write_text(json.dumps(document))
    return folder


def unpacked(file: Path) -> tuple[Path, dict[str, dict[str, Any]]]:
    folder = file.with_suffix("")
    zipfile.ZipFile(file).extractall(folder)
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    return folder, {each["@id"]: each for each in graph}


def linked(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [value["@id"]] if set(value) == {"@id"} else [name for each in value.values() for name in linked(each)]
    return [name for each in value for name in linked(each)] if isinstance(value, list) else []


@pytest.mark.parametrize("inputs", [False, True])
def test_it_says_what_is_in_it_and_nothing_else(recorded: Path, tmp_path: Path, inputs: bool) -> None:
    folder, graph = unpacked(crate(recorded, tmp_path / "registration.zip", inputs=inputs, author="A. Smith"))
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    parts = {each["@id"] for each in graph["./"]["hasPart"]}
    assert parts == files - {"ro-crate-metadata.json"} == {name for name in graph if graph[name]["@type"] == "File"}
    assert {"parameters.0.txt", "TransformParameters.0.txt", "result.0.mhd", "result.0.raw", record.NAME} <= files
    assert ("inputs/f.nii.gz" in files) is inputs
    outside = {crating._SPECIFICATION}
    for each in graph.values():
        assert set(linked(list(each.values()))) <= {*graph, *outside}
    run = graph["#run"]
    assert graph[run["instrument"]["@id"]]["softwareVersion"] == "5.2.0 (p)"
    assert graph[run["agent"]["@id"]]["name"] == graph[graph["./"]["author"]["@id"]]["name"] == "A. Smith"
    hashes = {graph[each["@id"]].get("sha256") for each in run["object"]} - {None}
    assert hashes == {hashlib.sha256(key.encode()).hexdigest() for key in ("-f", "-m")}


def test_no_path_of_this_machine_and_no_patient_goes_along(recorded: Path, tmp_path: Path) -> None:
    folder, _ = unpacked(crate(recorded, tmp_path / "registration.zip"))
    text = "".join(file.read_text() for file in folder.rglob("*.*"))
    assert "SMITH" not in text and str(tmp_path) not in text and "planning" not in text
    assert '(InitialTransformParameterFileName "before.txt")' in text


def test_it_is_run_again_where_it_was_unpacked(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def elastix(words: list[str], variables: dict[str, str]) -> None:
        asked.append(words)
        out = Path(words[words.index("-out") + 1])
        (out / record.NAME).write_text((recorded / record.NAME).read_text())

    monkeypatch.setattr(repeating, "_run", elastix)
    folder, _ = unpacked(crate(recorded, tmp_path / "with.zip", inputs=True))
    assert repeat(folder).same
    assert asked[0][:4] == ["elastix", "-f", str(folder / "inputs/f.nii.gz"), "-m"]
    folder, _ = unpacked(crate(recorded, tmp_path / "without.zip"))
    with pytest.raises(RepeatError, match=r"-f is no longer at .*inputs/f.nii.gz. Put it back"):
        repeat(folder)


def test_what_cannot_be_whole_is_no_crate(recorded: Path, tmp_path: Path) -> None:
    (recorded / "result.0.mhd").unlink()
    with pytest.raises(RepeatError, match=r"result.0.mhd is gone"):
        crate(recorded, tmp_path / "c.zip")
    (tmp_path / "SMITH/planning.nii.gz").write_text("changed")
    with pytest.raises(RepeatError):
        crate(recorded, tmp_path / "c.zip", inputs=True)
    assert not [path for path in tmp_path.iterdir() if "c.zip" in path.name]


def test_a_tolerance_is_stated_with_the_difference() -> None:
    apart = Repetition(False, 0.0004, (1.0, 2.0, 3.0), ("the type of processor (x86_64, now aarch64)",))
    assert not apart.agrees and "0.0004 mm, at (1, 2, 3) mm. Not as it was" in str(apart)
    near = Repetition(False, 0.0004, (1.0, 2.0, 3.0), (), tolerance_mm=0.1)
    assert near.agrees and "within the tolerance of 0.1 mm." in str(near)
    far = Repetition(False, 0.4, (1.0, 2.0, 3.0), (), tolerance_mm=0.1)
    assert not far.agrees and "more than the tolerance of 0.1 mm." in str(far)
