"""The page that JupyterLab opens with: what of a home and of the hub stands on it."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest

from skrt_hub.policy import start_page as policy
from skrt_hub.settings.model import Settings
from skrt_workspace.home.notices import Notice
from skrt_workspace.material.place import place_material
from skrt_workspace.start_page import VARIABLE, start_page
from tests.support.material import publish


def notebook(heading: str) -> bytes:
    cells = [
        {"cell_type": "code", "source": "# no heading"},
        {"cell_type": "markdown", "source": ["Words first\n", f"# {heading}\n"]},
    ]
    return json.dumps({"cells": cells}).encode()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a course's material and two examples."""
    home, material, examples = tmp_path / "home", tmp_path / "material", tmp_path / "examples"
    for folder in (home, examples, material / "versions"):
        folder.mkdir(parents=True)
    (examples / "01_first.ipynb").write_bytes(notebook("First steps"))
    (examples / "02_second.ipynb").write_text("no notebook")
    offered = {"week 1.ipynb": notebook("Week <b>one</b>"), "sub/week 2.ipynb": b"[]", "data.csv": b"1"}
    publish(material, offered, next(itertools.count()))
    place_material(home, material, examples)
    return home


def test_the_course_comes_before_the_examples_and_only_what_is_there_is_shown(home: Path) -> None:
    (home / "examples" / "02_second.ipynb").unlink()
    folders = start_page(home, ())["folders"]
    assert [folder["name"] for folder in folders] == ["course", "examples"]
    assert folders[0]["notebooks"] == [
        {"path": "course/sub/week 2.ipynb", "heading": ""},
        {"path": "course/week 1.ipynb", "heading": "Week <b>one</b>"},
    ]
    assert folders[1]["notebooks"] == [{"path": "examples/01_first.ipynb", "heading": "First steps"}]


@pytest.mark.timeout(20)
def test_a_pipe_or_an_endless_file_in_place_of_a_notebook_holds_nobody_up(home: Path) -> None:
    for path, put in (("course/week 1.ipynb", os.mkfifo), ("examples/01_first.ipynb", endless)):
        (home / path).unlink()
        put(home / path)
    headings = {one["heading"] for folder in start_page(home, ())["folders"] for one in folder["notebooks"]}
    assert headings == {""}


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def test_the_organisers_words_reach_the_page(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate(
        {"page": {"title": "Physics ü", "welcome": "**Hello**\n\n{{ no }} $HOME"}, "limits": {"idle": "2 h"}}
    )
    given = policy.variables(settings)
    monkeypatch.setenv(VARIABLE, given[VARIABLE])
    monkeypatch.setenv("MEM_LIMIT", "2000000000")
    monkeypatch.setenv("CPU_LIMIT", "1.5")
    found = start_page(home, ())
    assert (found["title"], found["welcome"]) == ("Physics ü", "**Hello**\n\n{{ no }} $HOME")
    assert (found["limits"]["memory"], found["limits"]["processors"], found["limits"]["idle"]) == (2e9, 1.5, 7200)
    assert found["limits"]["home"]["free"] > 0


def test_news_are_those_of_material_alone(home: Path) -> None:
    told = [Notice(kind, kind, f"about {kind}", "") for kind in ("material", "memory")]
    assert start_page(home, told)["news"] == ["about material"]


@pytest.mark.parametrize("value", ["", "no json", "[1]"])
def test_a_server_without_the_hubs_words_has_a_page(home: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(VARIABLE, value)
    monkeypatch.delenv("MEM_LIMIT", raising=False)
    found = start_page(home, ())
    assert (found["title"], found["welcome"], found["limits"]["memory"]) == ("", "", None)
