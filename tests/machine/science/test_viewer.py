"""The viewer in a notebook: what it says at known places. `hub/test_viewer_page.py` looks at it in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="module")
def facts(facts_of: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = facts_of("viewer_facts.py", tmp_path_factory.mktemp("viewer"))
    return found


def test_it_says_what_is_at_a_place(facts: dict[str, Any]) -> None:
    heart, tumour = facts["at"]["Heart"], facts["at"]["GTV"]
    assert "Heart" in heart["structures"]
    assert "GTV" not in heart["structures"]
    assert {"GTV", "PTV"} <= set(tumour["structures"])
    assert 0 < heart["value"] < 120  # HU of blood and muscle
    assert tumour["dose"] == pytest.approx(60, abs=2)
    assert facts["outside"] == {"value": None, "other": None, "dose": None, "structures": []}


def test_what_is_sent_lies_in_its_place_and_is_small(facts: dict[str, Any]) -> None:
    assert facts["sent"][0] == facts["sent"][1] == facts["sent"][2]
    assert facts["label"][0] == facts["label"][1]
    assert max(facts["colours"]) <= 64, "NiiVue tints the ground where a table of colours is longer"
    assert facts["bytes"] < 4_000_000
    assert facts["state"] < 10_000, "a notebook may keep a widget's state, and no image is in it"
    assert facts["peak"] < 120 << 20, "of an image of 20 MB, another and a dose"
    assert facts["taken"][0] < 1.4, "HU are turned to whole numbers some slices at a time"
    assert facts["taken"][1] < 1.2, "and packed slice by slice"
    assert facts["is_png"] == "iVBORw0KGgo="
    assert facts["pictures"] == 4
    assert facts["movie"][:2] == ["GIF", 5]
    assert facts["movie"][2] < 1_000_000
    assert facts["thinned"] == [[134, 134, 100], [3.0, 3.0, 1.0]]


def test_one_grid_on_another_is_linear_between_voxels(facts: dict[str, Any]) -> None:
    assert facts["onto"] == pytest.approx([51.0, 252.0, -1.0])


def test_the_cursor_is_told_in_dicoms_directions_and_viewers_go_together(facts: dict[str, Any]) -> None:
    assert "mm (LPS)" in facts["told"]
    assert "HU" in facts["told"]
    assert "Gy" in facts["told"]
    assert "Heart" in facts["told"]
    assert facts["followed"] == [0, 0, 0]
    assert facts["measured"] == [5.0, 13.0]


def test_dose_volume_curves_have_the_known_means(facts: dict[str, Any]) -> None:
    assert facts["levels"] == [10, 20, 30, 40, 50, 60]
    assert len(facts["means"]) == 8
    for mean, known in facts["means"].values():
        assert mean == pytest.approx(known, abs=0.15)


def test_a_deformation_is_shown_as_it_is(facts: dict[str, Any]) -> None:
    for error, away in facts["moves"]:
        assert error < 0.1 + 0.15 * away  # the lattice's nearest point is not the landmark


def test_untouched_contours_come_back_as_they_were(facts: dict[str, Any]) -> None:
    assert facts["untouched"] == 0
    assert facts["elsewhere"] == 0, "a stroke changes one plane only"
    assert facts["all_back"][:2] == [0, False]
    assert "GTV" not in facts["all_back"][2]


def test_drawn_contours_are_rois_of_scikit_rt(facts: dict[str, Any]) -> None:
    assert facts["kind"] == "skrt.structures.ROI"
    assert facts["added_area"] == pytest.approx(1, abs=0.02)
    assert "GTV" in facts["drawn_at"]
    assert facts["hole"][0] == pytest.approx(1, abs=0.02)
    assert "mine" not in facts["hole"][1]
    assert facts["one_back"] == pytest.approx(1, abs=0.02)
    assert {"GTV", "Heart", "mine"} <= set(facts["names"])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("line", "three or more points"),
        ("steep", "axial planes"),
        ("flat", "encloses nothing"),
        ("far", "outside of the image"),
        ("way", "replace, add, take away"),
    ],
)
def test_a_line_that_is_no_contour_is_refused(facts: dict[str, Any], name: str, why: str) -> None:
    assert why in facts[f"wrong_{name}"]


@pytest.mark.parametrize("name", ["prone", "anisotropic", "oblique"])
def test_a_point_reads_back_within_half_a_voxel(facts: dict[str, Any], name: str) -> None:
    assert max(facts[name]) <= 0.5 + 1e-6
    for drawn in facts[f"{name}_drawn"]:
        assert max(drawn) <= 0.5 + 1e-6
