"""A cleaned copy tells nothing of a patient, every reference in it resolves, and dcmtk takes it for DICOM."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.environment import Environment


@pytest.fixture(scope="module")
def facts(
    facts_of: Callable[..., Any], environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    found: dict[str, Any] = facts_of("privacy_facts.py", tmp_path_factory.mktemp("privacy"), deadline=500)
    return found


@pytest.fixture(scope="module")
def others(
    facts_of: Callable[..., Any], environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What became of the files that pydicom ships, from many makers."""
    shipped = next(environment.folder.glob("lib/python3*/site-packages/pydicom/data"))
    folder = tmp_path_factory.mktemp("others")
    found: dict[str, Any] = facts_of("privacy_shipped_facts.py", folder, shipped, deadline=500)
    return found


def test_no_planted_value_is_left(facts: dict[str, Any]) -> None:
    assert facts["left_in_source"] == facts["planted"] > 1000, "the search finds what is there"
    assert facts["left"] == []
    assert facts["files"][0] == facts["files"][1]


def test_every_reference_resolves(facts: dict[str, Any]) -> None:
    before, after = facts["references"]
    assert before == after
    assert after["bad"] == 0
    assert after["good"] > 100


def test_the_same_key_gives_the_same_files_and_another_key_others(facts: dict[str, Any]) -> None:
    assert facts["twice_the_same"]
    assert facts["other_key_differs"]


def test_dates_move_by_one_offset_of_whole_weeks(facts: dict[str, Any]) -> None:
    (days,) = facts["shift_days"]
    assert days > 0
    assert days % 7 == 0
    assert facts["times_kept"]
    assert facts["birth"] == ""


def test_what_was_done_stands_in_the_files(facts: dict[str, Any]) -> None:
    assert facts["codes"] == ["113100", "113107"]
    assert facts["identity"] == ["YES", "MODIFIED"]


def test_structure_names_that_follow_the_report_stay(facts: dict[str, Any]) -> None:
    assert "SpinalCord" in facts["structure_names"]
    assert "ROI_1" in facts["structure_names"]  # was called after the patient
    assert facts["same_pixels"]


def test_the_survey_tells_before_and_is_silent_after(facts: dict[str, Any]) -> None:
    assert not facts["before"]["clean"]
    told = " ".join(facts["before"]["what"])
    for what in ("Patient's Name", "private attributes", "in the name of a file or folder"):
        assert what in told
    assert "MUELLER" not in facts["before_text"], "a survey shows no value"
    assert facts["after"] == {"clean": True, "declared": facts["files"][1], "certain": []}


def test_files_beside_images_are_looked_into(facts: dict[str, Any]) -> None:
    assert facts["beside"] == {
        "PatientName in a side file, in deep.json (2 files)": True,
        "a DICOM header with a patient's name or number in a NIfTI file, in named.nii.gz": True,
        "an extension of a NIfTI header, which may hold any text, in cleaned.nii.gz": False,
    }


@pytest.mark.skipif(shutil.which("dcmftest") is None, reason="needs dcmtk")
def test_dcmtk_takes_all_of_it_for_dicom(facts: dict[str, Any]) -> None:
    assert facts["dcmtk"] == []


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dicom3tools")
def test_cleaning_makes_no_fault_that_was_not_there(facts: dict[str, Any]) -> None:
    assert facts["new_faults"] == []


@pytest.mark.long
def test_files_that_nobody_here_made(others: dict[str, Any]) -> None:
    assert others["surveyed"] > 100
    assert others["cleaned"] > 80
    assert others["left"] == []
    assert {why for _, why in others["left_out"] if why.startswith("cannot be cleaned")} == set()
    assert others["there"] == others["cleaned"], "files of one identifier do not replace each other"
    assert others["twice_the_same"]
    assert others["references"][0] == others["references"][1]


@pytest.mark.long
def test_no_value_that_was_planted_in_them_is_left(others: dict[str, Any]) -> None:
    assert others["planted_found"] > others["planted"] * 0.95 > 5000, "the search finds what is there"
    assert others["marked"][0] == others["marked"][1] > 100
    assert others["marked_left"] == []
    assert not any("cannot be cleaned" in why for _, why in others["marked_left_out"])


@pytest.mark.long
def test_a_table_of_contents_is_told_of_and_left_out(others: dict[str, Any]) -> None:
    assert any(line.startswith("Patient's Name") for line in others["table_of_contents"])
    assert ["DICOMDIR", "a table of contents names all patients"] in others["left_out"]


@pytest.mark.long
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dicom3tools")
def test_cleaning_makes_no_fault_in_them(others: dict[str, Any]) -> None:
    cut_off = ("ControlPointSequence", "IsocenterPosition", "CumulativeMetersetWeight", "PixelData has incorrect")
    # Of two files that end in the middle, dciodvfy says nothing but that.
    assert [fault for fault in others["new_faults"] if not any(word in fault for word in cut_off)] == []


@pytest.mark.long
@pytest.mark.skipif(shutil.which("dcmftest") is None, reason="needs dcmtk")
def test_dcmtk_takes_them_for_dicom(others: dict[str, Any]) -> None:
    assert others["dcmtk"] == []
    assert others["marked_dcmtk"] == []


@pytest.mark.long
def test_a_picture_of_a_screen_is_left_out_by_name(others: dict[str, Any]) -> None:
    left_out = dict(others["left_out"])
    assert left_out["SC_rgb_rle.dcm"].startswith("a picture")


def test_the_table_is_the_standards() -> None:
    profile = Path(__file__).parents[3] / "src" / "skrt_workspace" / "data" / "privacy" / "profile.txt"
    lines = [line for line in profile.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len({line.split()[0] for line in lines}) > 600
    assert {"0010,0010 Z", "0010,1040 X", "0020,000D U"} <= set(lines)
