"""The phantom of the participants' environment, as several readers see it, and its generator."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.environment import Environment

READERS = Path(__file__).with_name("phantom_facts.py")


def phantom_of(environment: Environment) -> Path:
    return environment.folder / "share" / "skrt-workspace" / "phantom"


def generate(environment: Environment, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [environment.folder / "bin" / "python", "-m", "skrt_workspace.phantom", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder.parent, timeout=300)


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def facts(environment: Environment) -> dict[str, Any]:
    command = [environment.folder / "bin" / "python", READERS, phantom_of(environment)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.long
def test_every_file_is_valid_for_pydicom_and_has_its_own_identifier(facts: dict[str, Any]) -> None:
    assert facts["files"] == facts["distinct_instances"] > 500
    assert facts["roots"] == ["2.25"]


@pytest.mark.long
def test_patients_are_plainly_invented(facts: dict[str, Any]) -> None:
    assert facts["names"] == [f"Phantom^{word}" for word in ("Five", "Four", "One", "Six", "Three", "Two")]
    assert facts["identity_removed"] == ["YES"]


@pytest.mark.long
def test_files_refer_to_files_that_are_there(facts: dict[str, Any]) -> None:
    assert facts["broken_references"] == 0
    assert facts["structure_sets_out_of_frame"] == 0
    assert facts["bad_contours"] == 0


@pytest.mark.long
def test_three_readers_see_the_same_voxels_at_the_same_places(facts: dict[str, Any]) -> None:
    assert facts["gdcm_equals_nifti"]
    assert facts["corner_difference_mm"] < 1e-4
    assert facts["skrt_dicom_equals_nifti"]


@pytest.mark.long
def test_values_are_hounsfield_units(facts: dict[str, Any]) -> None:
    assert facts["hu"]["min"] >= -1024
    assert 400 < facts["hu"]["max"] < 2000
    assert abs(facts["hu"]["outside"] + 1000) < 10


@pytest.mark.long
def test_scikit_rt_finds_the_same_studies_sorted_and_unsorted(facts: dict[str, Any]) -> None:
    assert facts["studies"] == [3, 3]
    assert facts["loose_links"] == [True, True, True]
    assert facts["mr_series"] == 1


@pytest.mark.long
def test_contours_and_dose_agree_with_the_truth(facts: dict[str, Any]) -> None:
    assert facts["worst"]["volume_percent"] < 3
    assert facts["worst"]["centroid_mm"] < 0.3
    assert facts["prescription"] == [60.0, 30]
    assert abs(facts["ptv_mean_gy"] - 60) < 0.5


@pytest.mark.long
def test_there_are_enough_landmarks_and_a_field(facts: dict[str, Any]) -> None:
    assert facts["landmarks"] > 50
    assert 8 < facts["largest_move_mm"] < 14
    assert facts["field_shape"][-1] == 3


def test_it_is_small(environment: Environment) -> None:
    size = sum(path.stat().st_size for path in phantom_of(environment).rglob("*") if path.is_file())
    assert size < 25_000_000


@pytest.mark.long
def test_the_same_program_writes_the_same_bytes(environment: Environment, tmp_path: Path) -> None:
    assert generate(environment, tmp_path / "again").returncode == 0
    assert hashes(tmp_path / "again") == hashes(phantom_of(environment))


def test_a_folder_with_content_is_refused_and_kept(environment: Environment, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("keep me", encoding="utf-8")
    done = generate(environment, folder)
    assert done.returncode == 1
    assert str(folder) in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "notes.txt"]


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian: dicom3tools) is not installed")
def test_dciodvfy_finds_nothing(environment: Environment) -> None:
    study = phantom_of(environment) / "patients" / "Phantom-1" / "20260105_090000"
    for kind in ("CT", "MR", "RTSTRUCT", "RTPLAN", "RTDOSE"):
        file = next((study / kind).rglob("*.dcm"))
        done = subprocess.run(["dciodvfy", file], capture_output=True, text=True, check=False)
        said = (done.stdout + done.stderr).splitlines()
        assert not [line for line in said if line.startswith(("Error", "Warning"))], kind
