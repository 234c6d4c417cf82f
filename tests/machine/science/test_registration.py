"""The same registration with other shares of the processors gives one result, and its record can be run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def facts(facts_of: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = facts_of("registration_facts.py", tmp_path_factory.mktemp("registrations"), deadline=550)
    return found


def test_1_2_and_4_threads_give_one_result(facts: dict[str, Any]) -> None:
    results = [facts[f"exact {threads}"]["results"] for threads in (1, 2, 4)]
    assert results[0] == results[1] == results[2]
    assert len(results[0]["transforms"]) == len(results[0]["images"]) == 2
    assert all(facts[f"exact {threads}"]["exact"] for threads in (1, 2, 4))


def test_without_it_they_do_not(facts: dict[str, Any]) -> None:
    assert facts["fast 1"]["results"] != facts["fast 2"]["results"] != facts["fast 4"]["results"]
    assert not facts["fast 2"]["exact"]


def test_what_the_parameter_file_says_itself_stays(facts: dict[str, Any]) -> None:
    assert facts["own"]["exact"] is False


def test_the_sampler_that_is_not_exact_with_a_mask_is_told(facts: dict[str, Any]) -> None:
    found = [facts[f"masked {threads}"] for threads in (1, 2, 4)]
    assert found[0]["results"] != found[1]["results"], "it is exact, so the warning is not needed"
    for one in found:
        assert "RandomCoordinate" in one["warning"]
        assert one["exact"] is False
    assert facts["exact 1"]["warning"] == ""


def test_a_record_is_run_again(facts: dict[str, Any]) -> None:
    assert facts["repeat"] == {"same": True, "text": "The same, bit by bit."}
    assert facts["exact 2"]["inputs"] == ["-f", "-m"]


def test_a_different_answer_is_told_with_its_size_and_place(facts: dict[str, Any]) -> None:
    assert facts["repeat changed"]["same"] is False
    assert facts["repeat changed"]["largest_mm"] > 0.5
    assert "mm, at (" in facts["repeat changed"]["text"]


def test_a_changed_input_is_named(facts: dict[str, Any]) -> None:
    assert "-m" in facts["changed input"]
    assert "moving.nii" in facts["changed input"]
