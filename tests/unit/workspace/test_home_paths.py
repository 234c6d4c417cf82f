"""Paths in the home that modules keep: found wherever they are, and moved; what cannot be moved forbids the fork."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from skrt_workspace.forkserver import home_paths
from skrt_workspace.forkserver.variables import Record

OLD, NEW = "/nobody-3141", "/homes/anna"


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[home_paths.Remembered]:
    made = home_paths.Remembered()
    monkeypatch.setattr(home_paths, "found", made)
    yield made


class Holder:
    shared = f"{OLD}/class"

    def __init__(self) -> None:
        self.own = f"{OLD}/instance"
        self.told = {"options": {"folder": f"{OLD}/inner"}}


def answer(folder: str = f"{OLD}/default") -> str:
    return folder


@functools.lru_cache(maxsize=4)
def cached(name: str) -> str:
    return f"{place.HOME}/{name}"  # type: ignore[attr-defined]


place = ModuleType("place")


def test_paths_are_moved_wherever_they_are_kept(remembered: home_paths.Remembered) -> None:
    held: Any = Holder()
    place.HOME = OLD  # type: ignore[attr-defined]
    place.PLACES = {"path": Path(OLD, "x"), "bytes": f"{OLD}/b".encode(), "pair": (f"{OLD}/p", 1)}  # type: ignore[attr-defined]
    several = [f"{OLD}/first", "/elsewhere", [1]]
    assert cached("x") == f"{OLD}/x"
    home_paths.find(OLD, besides=(globals(),))
    assert remembered.obstacle() is None
    remembered.move(NEW)
    assert place.HOME == NEW  # type: ignore[attr-defined]
    moved = place.PLACES  # type: ignore[attr-defined]
    assert moved == {"path": Path(NEW, "x"), "bytes": f"{NEW}/b".encode(), "pair": (f"{NEW}/p", 1)}
    assert (held.own, held.shared, held.told["options"]["folder"]) == (
        f"{NEW}/instance",
        f"{NEW}/class",
        f"{NEW}/inner",
    )
    assert several[:2] == [f"{NEW}/first", "/elsewhere"]
    assert answer() == f"{NEW}/default"
    assert cached("x") == f"{NEW}/x"


def test_a_path_that_cannot_be_changed_means_a_plain_start(remembered: home_paths.Remembered) -> None:
    kept = [{f"{OLD}/key", 1}]
    home_paths.find(OLD)
    assert "cannot be changed: set" in str(remembered.obstacle())
    assert kept


def test_another_home_forbids_the_fork_only_where_it_was_not_looked_for(remembered: home_paths.Remembered) -> None:
    record = Record(read={"HOME": OLD})
    assert record.obstacle({"HOME": OLD}) is None
    assert "HOME differs" in str(record.obstacle({"HOME": NEW}))
    remembered.home = OLD
    assert record.obstacle({"HOME": NEW}) is None
    assert "HOME differs" in str(record.obstacle({}))
