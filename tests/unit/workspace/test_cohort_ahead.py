"""How many tasks an engine has at a time, and which of them it has not begun."""

from __future__ import annotations

from skrt_workspace.cohort import ahead


def test_one_for_each_place_and_one_that_waits_at_each_worker() -> None:
    assert ahead.most_on_the_way(2, workers=2, heaviest=0) == 4
    assert ahead.most_on_the_way(4, workers=1, heaviest=0) == 5, "three workers are still to come"
    assert ahead.most_on_the_way(0, workers=0, heaviest=0) == 0


def test_none_for_a_worker_that_is_about_to_go() -> None:
    assert ahead.most_on_the_way(1, workers=2, heaviest=0) == 1


def test_none_where_there_is_much_to_carry() -> None:
    assert ahead.most_on_the_way(2, workers=2, heaviest=40 << 20) == 2


def test_the_oldest_at_each_worker_has_begun_whoever_was_faster() -> None:
    handed = {"slow": 2, "behind": 4, "quick": 5, "next": 6, "nowhere": 7}
    processing = [("behind", "slow", "of somebody else"), ("quick", "next"), ()]
    assert ahead.not_begun(handed, processing) == ["nowhere", "next", "behind"]
