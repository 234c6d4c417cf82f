"""Doses and transforms whose agreement is known, second implementations, and a class with each kind of trouble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def facts(facts_of: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = facts_of("compare_fields_facts.py", tmp_path_factory.mktemp("fields"), deadline=550)
    return found


def test_doses_whose_gamma_is_known(facts: dict[str, Any]) -> None:
    gamma = facts["gamma"]
    assert gamma["same"] == gamma["scaled_2"] == 100
    assert gamma["scaled_4"] == gamma["shifted_3.5"] == gamma["elsewhere"] == 0
    assert gamma["shifted_3.2"] == pytest.approx(100 * 55 / 60)  # five voxels would have to look beyond the border


def test_a_second_implementation_says_the_same_of_doses(facts: dict[str, Any]) -> None:
    ours, theirs = facts["second_gamma"]
    assert ours == pytest.approx(theirs, abs=0.3)
    assert 90 < ours < 100
    for mine, other in facts["second_difference"]:
        assert mine == pytest.approx(other, abs=1e-4)


def test_what_structures_get_is_as_in_scikit_rt(facts: dict[str, Any]) -> None:
    assert len(facts["points"]) == 3
    for ours, theirs in facts["points"].values():
        # Its masks are of the dose's or image's voxels, ours of 1 mm.
        assert ours == pytest.approx(theirs, abs=0.3, rel=0.02)


def test_a_class_of_doses_is_compared_and_trouble_is_told(facts: dict[str, Any]) -> None:
    found = facts["doses"]
    whole = {row["participant"]: row for row in found["rows"] if row["structure"] == "whole dose"}
    points = {(row["participant"], row["structure"]): row for row in found["rows"]}
    assert float(whole["anna"]["gamma_2pc_2mm_percent"]) == 100
    assert float(whole["bob"]["mean_difference_gy"]) > 0.5
    assert float(whole["'=dora"]["gamma_3pc_3mm_percent"]) < 95
    theirs, yours = (float(points["bob", "GTV"][name]) for name in ("d95_gy", "reference_d95_gy"))
    assert theirs == pytest.approx(1.05 * yours, abs=0.05)
    assert "cannot be read" in points["carl", ""]["problem"]
    assert "carl: " in found["text"]
    assert found["images"] == 5  # two of the class, one of each of three people


def test_structures_tell_what_they_get_where_there_is_a_dose(facts: dict[str, Any]) -> None:
    rows = {row["structure"]: row for row in facts["structures"]["rows"]}
    assert rows["GTV"]["mean_dose_gy"] == rows["GTV"]["reference_mean_dose_gy"] == "59.62"
    assert facts["structures"]["page"] >= 6


def test_transforms_of_each_kind_miss_landmarks_by_what_is_known(facts: dict[str, Any]) -> None:
    rows = {row["participant"]: row for row in facts["marks"]["rows"]}
    for name in ("anna", "bob", "carl"):  # a field as MetaImage, as NIfTI, and as a deformable REG
        assert float(rows[name]["mean_error_mm"]) < 0.02
    for name in ("dora", "emil"):  # a matrix of a REG, and a translation of elastix's
        assert float(rows[name]["mean_error_mm"]) == pytest.approx(facts["straight"], abs=0.002)
        assert rows[name]["jacobian_least"] == rows[name]["jacobian_greatest"] == "1.0000"
    assert "cut short" in rows["fay"]["problem"]
    assert facts["marks"]["images"] == 6
    assert facts["table"] == [row["mean_error_mm"] for row in facts["marks"]["rows"]]
    assert float(facts["field"]["carl"]["largest_error_mm"]) == 0
    assert float(facts["field"]["dora"]["mean_error_mm"]) > 5


def test_a_reference_with_nothing_to_compare_is_refused(facts: dict[str, Any]) -> None:
    assert "landmarks" in facts["refused"]
    assert "RTDOSE" in facts["refused"]


def test_a_second_implementation_says_the_same_of_transforms(facts: dict[str, Any]) -> None:
    difference, range_ = facts["jacobian"]
    assert difference < 1e-6
    assert range_ > 0.05
    assert facts["itk"] < 1e-4
