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
    assert facts["sent"][0] == facts["sent"][1]
    assert facts["volumes"][:3] == ["image.nii.gz", "other.nii.gz", "dose.nii.gz"]
    assert facts["bytes"] < 4_000_000
    assert facts["is_png"] == "iVBORw0KGgo="
    assert facts["thinned"] == [[134, 134, 100], [3.0, 3.0, 1.0]]


def test_the_cursor_is_told_in_dicoms_directions(facts: dict[str, Any]) -> None:
    assert "mm (LPS)" in facts["readout"]
    assert "Gy" in facts["readout"]
    assert "Heart" in facts["readout"]
    assert all(0 < share < 1 for share in facts["moved"])


@pytest.mark.parametrize("name", ["prone", "anisotropic", "oblique"])
def test_a_point_reads_back_within_half_a_voxel(facts: dict[str, Any], name: str) -> None:
    assert max(facts[name]) <= 0.5 + 1e-6
