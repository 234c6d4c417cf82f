"""Structures whose agreement is known, a second implementation, and a class with one of each kind of trouble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="module")
def facts(facts_of: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = facts_of("compare_facts.py", tmp_path_factory.mktemp("compare"), deadline=550)
    return found


def test_boxes_whose_agreement_is_known(facts: dict[str, Any]) -> None:
    same, moved, smaller, higher = (facts[name] for name in ("same", "moved", "smaller", "higher"))
    assert same == {**same, "dice": 1.0, "hd95_mm": 0.0, "mean_distance_mm": 0.0, "volume_ratio": 1.0}
    assert same["volume_ml"] == pytest.approx(60 * 60 * 60 / 1000)
    assert moved["dice"] == pytest.approx(0.9)  # 6 of 60 mm to the side
    assert moved["hd95_mm"] == pytest.approx(6.0)
    # Two of six faces are 6 mm off, less than two mm of the others' edges.
    assert 0.55 < moved["surface_dice"][0] < moved["surface_dice"][2] < 0.72
    assert smaller["dice"] == pytest.approx(2 * 40**2 / (40**2 + 60**2))
    assert smaller["volume_ratio"] == pytest.approx(40**2 / 60**2)
    assert higher["dice"] == pytest.approx(0.9)  # two of twenty planes
    assert higher["hd95_mm"] == pytest.approx(6.0)


def test_a_second_implementation_says_the_same(facts: dict[str, Any]) -> None:
    assert len(facts["second"]) == 3
    for ours, theirs in facts["second"].values():
        assert ours["dice"] == pytest.approx(theirs["dice"], abs=1e-9)
        # Theirs goes by voxels of the surface, ours by its area.
        assert ours["hd95_mm"] == pytest.approx(theirs["hd95_mm"], abs=1.0)
        assert ours["added_path_mm"] == theirs["added_path_mm"]
        assert ours["mean_distance_mm"] == pytest.approx(theirs["mean_distance_mm"], abs=0.5)


def test_a_class_is_compared_and_trouble_is_told(facts: dict[str, Any]) -> None:
    rows = {(row["participant"], row["structure"]): row for row in facts["rows"]}
    assert all(float(row["dice"]) == 1 for key, row in rows.items() if key[0] == "anna")
    assert 0.7 < float(rows["bob", "Heart"]["dice"]) < 0.95
    assert rows["bob", "Lung_L"]["drawn_as"] == "Left lung"
    assert rows["bob", "Esophagus"]["sure"] == "False"
    assert "not whole" in rows["carl", ""]["problem"]
    assert rows["'=dora", "Heart"]["problem"] == "not drawn"  # and the name is no formula
    assert "bob: Esophagus as Oesofagus" in facts["text"]
    assert "carl" in facts["text"]


def test_the_page_shows_slices_and_has_no_scripts(facts: dict[str, Any]) -> None:
    size, scripts, pictures = facts["page"]
    assert size < 2_000_000
    assert not scripts
    # Five of anna's, five of bob's, three of dora's; the class's numbers, and a slice of each structure.
    assert pictures == 13 + 1 + 5
    assert facts["words"] == [True, True, True]


def test_a_class_whose_agreement_is_known(facts: dict[str, Any]) -> None:
    known = facts["together"]
    assert known["pairs"] == pytest.approx([(1 + 0.9 + 0.9) / 3, 0.9])
    assert known["conformity"] == pytest.approx((60 + 54 + 54) / (60 + 66 + 66))
    assert known["volume"] == pytest.approx([216, 0])
    assert known["majority"] == known["staple"] == 1, "the one who differs is outvoted"
    assert known["with_others"] == pytest.approx([0.95, 0.95, 0.9])
    assert set(facts["whole"]) == {"Lung_L", "Heart", "SpinalCord", "Esophagus", "GTV"}


def test_a_second_implementation_finds_the_same_estimate(facts: dict[str, Any]) -> None:
    found = facts["staple"]
    assert found["differ"] < 0.002
    for ours, theirs in found["sensitivity"]:
        assert ours == pytest.approx(theirs, abs=0.01)
    assert found["conformity"][0] == pytest.approx(found["conformity"][1])


def test_names_by_the_report(facts: dict[str, Any]) -> None:
    names = facts["names"]
    assert names["heart"] == ["Heart", True, True]
    assert names["Left lung"] == ["Lung_L", True, False]
    assert names["Cord"][0] == "SpinalCord"
    assert names["Oesofagus"] == ["Esophagus", False, False]
    assert names["Lung_MUELLER"][2] is False
    assert names["Müller"] == ["Müller", False, False]
