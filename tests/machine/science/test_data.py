"""What scikit-rt gets wrong silently: each fault is told, and mended or refused, and is really there without us."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.environment import Environment

HALF_A_VOXEL = 1.5
CASES = {
    "missing": "missing-slices",
    "tilted": "gantry-tilt",
    "localizer": "localizer",
    "oblique": "oblique",
    "not_square": "pixels-not-square",
    "scaled": "scaling-of-slices",
    "enhanced": "enhanced-multi-frame",
    "brackets": "brackets-in-a-name",
    "nifti_oblique": "oblique",
    "nifti_metres": "not-in-mm",
    "table": "values-by-a-table",
}
"""Image series that scikit-rt places, scales or opens wrongly, and the rule that tells."""


@pytest.fixture(scope="module")
def facts(facts_of: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = facts_of("data_cases.py", tmp_path_factory.mktemp("cases"))
    return found


def is_right(seen: dict[str, Any]) -> bool:
    return seen.get("miss_mm", 99) < HALF_A_VOXEL and abs(seen["value"] - 1000) < 2


@pytest.mark.parametrize(("case", "rule"), CASES.items())
def test_a_fault_is_told_and_mended(facts: dict[str, Any], case: str, rule: str) -> None:
    found = facts[case]
    assert not is_right(found["published"]), "scikit-rt reads this rightly: the rule is not needed"
    assert rule in found["rules"]
    assert "load() gives the right objects" in found["text"]
    assert is_right(found["loaded"]), found["loaded"]


@pytest.mark.parametrize("case", ["clean", "prone", "sagittal"])
def test_what_scikit_rt_reads_rightly_is_left_alone(facts: dict[str, Any], case: str) -> None:
    assert facts[case]["rules"] == []
    assert is_right(facts[case]["published"])
    assert is_right(facts[case]["loaded"])
    assert facts[case]["loaded"]["notes"] == []
    assert "Nothing in it goes wrong" in facts[case]["text"]


def test_permuted_nifti_is_turned_without_interpolation(facts: dict[str, Any]) -> None:
    assert facts["nifti_permuted"]["rules"] == ["permuted-axes"]
    assert is_right(facts["nifti_permuted"]["loaded"])
    assert facts["nifti_permuted"]["loaded"]["notes"] == []


def test_a_folder_of_ct_structures_and_dose_is_sorted(facts: dict[str, Any]) -> None:
    found = facts["mixed"]
    assert found["published"] == {"problem": "AttributeError"}
    assert found["rules"] == ["mixed-folder"]
    assert found["loaded"]["counts"] == [1, 1, 1]
    assert is_right(found["loaded"])
    assert found["loaded"]["dose"]["miss_mm"] < HALF_A_VOXEL
    assert found["loaded"]["dose"]["value"] == 20.0
    assert found["loaded"]["rois"] == {"GTV": 1.8, "PTV": 4.05}  # squares of 10 and 15 mm, six planes of 3 mm


def test_structures_of_one_name_are_both_kept(facts: dict[str, Any]) -> None:
    assert facts["same_names"]["published"] == {"gtv_ml": 4.05}  # the second; the first is lost
    assert facts["same_names"]["rules"] == ["structures-of-one-name"]
    assert facts["same_names"]["loaded"]["rois"] == {"GTV": 1.8, "GTV_2": 4.05}


def test_contours_that_enclose_nothing_are_left_out(facts: dict[str, Any]) -> None:
    assert facts["few_points"]["published"] == {"problem": "ValueError"}
    assert facts["few_points"]["rules"] == ["contours-of-few-points"]
    assert facts["few_points"]["loaded"]["rois"] == {"GTV": 1.8}


@pytest.mark.parametrize(
    ("case", "published", "right"),
    [
        ("hole", 2.45, 1.15),  # squares of 10 and 6 mm, six planes of 3 mm
        ("island", 2.59, 1.22),  # and of 2 mm
        ("channel", 1.8, 1.15),
    ],
)
def test_holes_are_cut_out(facts: dict[str, Any], case: str, published: float, right: float) -> None:
    assert facts[case]["published"]["gtv_ml"] == pytest.approx(published, abs=0.02)
    assert facts[case]["rules"] == ["contours-with-holes"]
    assert facts[case]["loaded"]["rois"] == {"GTV": right}
    assert facts[case]["loaded"]["notes"] == ["GTV: holes were cut out in 6 planes."]


def test_a_dose_with_missing_planes_is_in_its_place(facts: dict[str, Any]) -> None:
    found = facts["dose_with_a_gap"]
    assert found["published"]["miss_mm"] > HALF_A_VOXEL
    assert found["rules"] == ["missing-slices"]
    assert found["loaded"]["dose"]["miss_mm"] < HALF_A_VOXEL
    assert found["loaded"]["dose"]["value"] == 20.0


def test_a_deformation_beside_an_image_is_no_fault(facts: dict[str, Any]) -> None:
    found = facts["nifti_field"]
    assert found["rules"] == []
    assert is_right(found["loaded"])
    assert found["loaded"]["notes"] == ["image.nii.gz: left out, it is a field of vectors."]


def test_an_image_that_lies_nowhere_comes_with_a_note(facts: dict[str, Any]) -> None:
    assert facts["nifti_no_place"]["rules"] == ["place-unknown"]
    assert facts["nifti_no_place"]["loaded"]["notes"] == ["image.nii.gz: it does not say where it lies in the patient."]


@pytest.mark.parametrize(
    ("case", "rule", "named"),
    [
        ("phases", "doubled-slices", "phase-001.dcm"),
        ("slanting", "contours-not-axial", "GTV"),
        ("relative_dose", "dose-not-in-gray", "dose.dcm"),
        ("cut", "unreadable", "004.dcm"),
        ("cut_pixels", "unreadable", "004.dcm"),
        ("colours", "in-colours", "colours"),
        ("nifti_several", "not-one-volume", "image.nii.gz"),
        ("nifti_colours", "not-one-volume", "image.nii.gz"),
        ("nifti_broken", "unreadable", "image.nii"),
        ("no_geometry", "no-geometry", "no_geometry"),
    ],
)
def test_what_cannot_be_mended_is_refused_by_name(facts: dict[str, Any], case: str, rule: str, named: str) -> None:
    assert rule in facts[case]["rules"]
    assert named in facts[case]["loaded"]["refused"]
    assert named in facts[case]["text"]
    assert "load() gives the right objects" not in facts[case]["text"]


def test_pictures_without_a_place_are_left_out_by_name(facts: dict[str, Any]) -> None:
    assert not is_right(facts["no_geometry"]["published"])
    assert "no-geometry" in facts["no_geometry"]["rules"]
    loaded = facts["no_geometry"]["loaded"]
    assert "refused" in loaded or loaded["counts"][0] == 0, loaded


def test_structures_of_another_frame_get_no_image(facts: dict[str, Any]) -> None:
    assert facts["other_frame"]["rules"] == ["other-frame-of-reference"]


def test_every_rule_in_the_docs_has_its_case_and_the_other_way_round(facts: dict[str, Any]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "check-data.md").read_text(encoding="utf-8")
    rules = {rule for found in facts.values() for rule in found["rules"]}
    assert rules == set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))


def test_the_command_says_the_same(environment: Environment, facts: dict[str, Any], tmp_path: Path) -> None:
    command = environment.folder / "bin" / "skrt-check"
    phantom = environment.folder / "share" / "skrt-workspace" / "phantom" / "nifti"
    clean = subprocess.run([command, phantom, "--json"], capture_output=True, text=True, check=False, timeout=120)
    assert clean.returncode == 0, clean.stderr
    assert json.loads(clean.stdout)["findings"] == []
    nothing = subprocess.run([command, tmp_path / "none"], capture_output=True, text=True, check=False, timeout=120)
    assert nothing.returncode == 2
    assert "There is no" in nothing.stderr
    odd = tmp_path / "a[1]"
    odd.mkdir()
    (odd / "x.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x1b[31m")
    wrong = subprocess.run([command, odd], capture_output=True, text=True, check=False, timeout=120)
    assert wrong.returncode == 1
    assert "unreadable" in wrong.stdout
    assert "\x1b" not in wrong.stdout
