"""Organisers see the notebooks that their owner shows, as long as the owner shows them, and no other file."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from skrt_hub.errors import RefusedError, StateError
from skrt_hub.homes.access import Homes
from skrt_hub.homes.showing import LARGEST, Shown, shown, shown_file
from skrt_workspace.home import showing
from tests.support.homes import home, hub


@pytest.fixture
def anna(tmp_path: Path) -> tuple[Homes, Path]:
    copies = hub(tmp_path, "anna", "bob")
    place = home(copies, "anna")
    for path in ("course/a.ipynb", "b.ipynb", ".hidden/c.ipynb", ".ipynb_checkpoints/b.ipynb", "notes.txt"):
        (place / path).parent.mkdir(exist_ok=True)
        (place / path).write_text(path)
    (home(copies, "bob") / "secret.ipynb").write_text("bob's")
    (place / "link.ipynb").symlink_to(home(copies, "bob") / "secret.ipynb")
    (place / "folder").symlink_to(home(copies, "bob"))
    (place / "odd.ipynb").mkdir()
    os.mkfifo(place / "pipe.ipynb")
    return copies.homes, place


def test_nothing_is_shown_by_itself(anna: tuple[Homes, Path]) -> None:
    homes, _ = anna
    assert shown(homes, "anna") == shown(homes, "nobody") == Shown(0)
    for name in ("anna", "nobody"):
        with pytest.raises(RefusedError, match="does not show"):
            shown_file(homes, name, "b.ipynb")


def test_what_is_shown_are_notebooks_newest_first(anna: tuple[Homes, Path]) -> None:
    homes, place = anna
    os.utime(place / "b.ipynb", (1, 1))
    until = showing.show(place, 1800)
    found = shown(homes, "anna")
    assert found.until == until > time.time() + 1700
    assert [file.path for file in found.files] == ["course/a.ipynb", "b.ipynb"]
    assert shown_file(homes, "anna", "b.ipynb") == b"b.ipynb"


@pytest.mark.parametrize(
    "path",
    ["notes.txt", "link.ipynb", "folder/secret.ipynb", "../x.ipynb", ".hidden/c.ipynb", "pipe.ipynb", "odd.ipynb", ""],
)
def test_no_other_file_is_shown(anna: tuple[Homes, Path], path: str) -> None:
    homes, place = anna
    showing.show(place, 1800)
    with pytest.raises(StateError, match="not there"):
        shown_file(homes, "anna", path)


def test_it_ends_when_its_owner_says_so_or_by_itself(anna: tuple[Homes, Path]) -> None:
    homes, place = anna
    showing.show(place, 1800)
    showing.stop(place)
    showing.stop(place)
    assert shown(homes, "anna") == Shown(0)
    showing.show(place, 0)
    assert shown(homes, "anna") == Shown(0)


@pytest.mark.parametrize(
    "written", ["", "{", "[]", '{"until": "x"}', '{"until": 1e99}', '{"until": true}', '{"until": NaN}', "[" * 10**5]
)
def test_a_file_that_says_nothing_shows_nothing(anna: tuple[Homes, Path], written: str) -> None:
    homes, place = anna
    showing.show(place, 1800)
    (place / showing.FILE).write_text(written)
    assert shown(homes, "anna") == Shown(0)
    assert showing.shown_until(place) == 0


def test_nobody_shows_for_longer_than_it_may_last(anna: tuple[Homes, Path]) -> None:
    homes, place = anna
    assert showing.show(place, 10**9) <= time.time() + showing.LONGEST
    (place / showing.FILE).write_text(json.dumps({"until": time.time() + showing.LONGEST + 3600}))
    assert shown(homes, "anna") == Shown(0)


def test_a_notebook_that_is_far_too_large_is_refused(anna: tuple[Homes, Path]) -> None:
    homes, place = anna
    showing.show(place, 1800)
    with (place / "b.ipynb").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(RefusedError, match="more than 16 MB"):
        shown_file(homes, "anna", "b.ipynb")
    (place / "b.ipynb").write_bytes(b" " * (LARGEST // 2) + b"\0" * 0)
    assert len(shown_file(homes, "anna", "b.ipynb")) == LARGEST // 2
