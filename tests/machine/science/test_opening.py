"""A double click on images: each kind is shown where it is in the patient, and what cannot be shown says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.environment import Environment

SPOT = [11.0, -7.0, 23.0]


@pytest.fixture(scope="module")
def facts(facts_of: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = facts_of("opening_facts.py", tmp_path_factory.mktemp("opening"), deadline=900)
    return found


def test_structures_and_dose_bring_their_image(facts: dict[str, Any]) -> None:
    drawn, dose = facts["RTSTRUCT"], facts["RTDOSE"]
    assert drawn["image"]["shape"] == facts["slice"]["image"]["shape"], "the whole series of a slice"
    assert {"Heart", "GTV", "PTV", "SpinalCord"} <= set(drawn["structures"]) & set(dose["structures"])
    assert (drawn["image"]["low"], drawn["image"]["high"]) == (-160, 240)
    assert dose["dose"]["max"] == pytest.approx(dose["dose"]["high"], rel=1e-3)
    assert 60 < dose["dose"]["max"] < 70, "in Gy, not as stored"
    assert drawn["place"] is not None
    assert drawn["unit"] == "HU"
    assert drawn["curves"] == {}
    assert dose["levels"] == [10, 20, 30, 40, 50, 60]
    assert dose["curves"]["GTV"] == pytest.approx(60, abs=1)
    assert facts["picture"] == "89504e47", "a PNG, for a page without WebGL"


def test_a_plan_is_told_in_words(facts: dict[str, Any]) -> None:
    rows = dict(facts["RTPLAN"]["facts"])
    assert rows["Prescribed"] == "60 Gy (PTV)"
    assert rows["Fractions"] == "30"
    assert "gantry 225" in rows["Beam 2 G225"]


def test_a_registration_moves_its_image(facts: dict[str, Any]) -> None:
    assert facts["frames"] == 2
    shown = facts["REG"]
    assert shown["other"]["corner"] == shown["image"]["corner"], "on the fixed image's grid"
    assert shown["other"]["shape"] == shown["image"]["shape"]
    assert facts["moved"] < 1  # HU: whole numbers are sent
    assert dict(shown["facts"])["Its shift"] == "5.0, -3.0, 8.0 mm (LPS)"


def test_a_deformable_registration_bends_its_image(facts: dict[str, Any]) -> None:
    shown = facts["deformable"]
    assert shown["other"]["shape"] == shown["image"]["shape"]
    assert facts["bent"] < 1  # half of the way by the grid, half by the matrix behind it: as the rigid one above
    assert facts["lattice"] < 0.01
    assert dict(shown["facts"])["It moves points by"] == "9.9 mm in the mean, 9.9 mm at most"


def test_a_folder_is_a_tree(facts: dict[str, Any]) -> None:
    (patient,) = facts["study"]["tree"]
    assert "Phantom-1" in patient["label"]
    series = [(row["label"], row["count"]) for study in patient["studies"] for row in study["series"]]
    assert ("CT planning", 50) in series
    assert any(label.startswith("REG") for label, _ in series)


@pytest.mark.parametrize("kind", ["nii.gz", "nrrd"])
@pytest.mark.parametrize("name", ["oblique", "prone", "anisotropic"])
def test_a_point_stays_within_half_a_voxel(facts: dict[str, Any], name: str, kind: str) -> None:
    image = facts[f"{name}.{kind}"]["image"]
    away = [abs(a - b) / s for a, b, s in zip(image["most"], SPOT, image["spacing"], strict=True)]
    assert max(away) <= 0.5 + 1e-3


@pytest.mark.long
def test_every_file_that_pydicom_ships_is_shown_or_says_why(
    environment: Environment, facts_of: Callable[..., Any], tmp_path: Path
) -> None:
    shipped = next(environment.folder.glob("lib/python3*/site-packages/pydicom/data"))
    found = facts_of("opening_shipped_facts.py", tmp_path, shipped, deadline=500)
    assert sum("shown" in one for one in found.values()) >= 60
    assert [name for name, one in found.items() if one.get("shown") is False] == []
    assert [name for name, one in found.items() if len(one.get("refused", "x" * 20)) < 20] == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("text.dcm", "cannot be read as DICOM"),
        ("cut.dcm", "pixels"),
        ("empty.nii", "0 bytes"),
        ("text.nrrd", "cannot be read"),
        ("half.nii.gz", "cannot be read as NIfTI"),
        ("4d.nii", "4 dimensions"),
        ("contours.dcm", "the image that it was drawn on is not in its folder"),
        ("nothing", "There is no image"),
    ],
)
def test_what_cannot_be_shown_says_why(facts: dict[str, Any], name: str, why: str) -> None:
    assert why in facts[name]["refused"]
    assert name in facts[name]["refused"]
