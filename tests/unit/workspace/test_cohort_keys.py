"""Which tasks count as one: what a function does, its parameters, and the content of what a patient names."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from skrt_workspace.cohort import keys


def made(text: str, name: str = "task", **others: Any) -> Any:
    """A function as a cell of a notebook makes it."""
    space: dict[str, Any] = {"__name__": "__main__", **others}
    exec(compile(text, "<cell>", "exec"), space)
    return space[name]


def test_comments_and_places_make_no_difference() -> None:
    one = made("def task(p):\n    return p + 1\n")
    other = made("\n\n# a remark\ndef task(p):\n\n    # another\n    return p + 1\n")
    assert keys.hash_of(one) == keys.hash_of(other)


@pytest.mark.parametrize(
    "text",
    [
        "def task(p):\n    return p + 2\n",
        "def task(p, q=1):\n    return p + q\n",
        "def task(p):\n    return p - 1\n",
        "def task(p):\n    return (lambda x: x + 1)(p)\n",
    ],
)
def test_another_function_is_another_key(text: str) -> None:
    assert keys.hash_of(made(text)) != keys.hash_of(made("def task(p):\n    return p + 1\n"))


def test_what_it_uses_of_the_notebook_counts() -> None:
    text = "def help(p):\n    return p * {}\ndef task(p):\n    return help(p) + SHIFT\n"
    first = keys.hash_of(made(text.format(2), SHIFT=1))
    assert first == keys.hash_of(made(text.format(2), SHIFT=1, OTHER=5))
    assert first != keys.hash_of(made(text.format(3), SHIFT=1))
    assert first != keys.hash_of(made(text.format(2), SHIFT=2))


def test_a_function_that_calls_itself_has_a_key() -> None:
    assert keys.hash_of(made("def task(p):\n    return task(p - 1) if p else 0\n"))


def test_defaults_and_closures_count() -> None:
    text = "def outer(n):\n    def task(p, k=n):\n        return p + n + k\n    return task\n"
    assert keys.hash_of(made(text, "outer")(1)) != keys.hash_of(made(text, "outer")(2))


def test_a_path_stands_for_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "patient"
    folder.mkdir()
    (folder / "scan.nii").write_bytes(b"one")
    before = keys.key_of("f", folder)
    assert keys.key_of("f", str(folder)) == before  # the path as text is the same patient
    (folder / "scan.nii").write_bytes(b"two")
    assert keys.key_of("f", folder) != before
    (folder / "scan.nii").write_bytes(b"one")
    assert keys.key_of("f", folder) == before
    (folder / "other.nii").write_bytes(b"")
    assert keys.key_of("f", folder) != before


def test_paths_inside_of_containers_count(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    before = keys.hash_of({"fixed": [file], "moving": ("x",)})
    file.write_text("2")
    assert keys.hash_of({"fixed": [file], "moving": ("x",)}) != before


def test_a_whole_home_is_no_patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "f").write_text("1")
    before = [keys.hash_of(word) for word in ("/", str(tmp_path), ".")]
    (tmp_path / "f").write_text("2")
    assert [keys.hash_of(word) for word in ("/", str(tmp_path), ".")] == before


def test_order_of_dictionaries_and_sets_makes_no_difference() -> None:
    assert keys.hash_of({"a": 1, "b": 2}) == keys.hash_of({"b": 2, "a": 1})
    assert keys.hash_of({"x", "y", "z"}) == keys.hash_of({"z", "x", "y"})
    assert keys.hash_of([1, 2]) != keys.hash_of([2, 1])
    assert keys.hash_of(["ab", "c"]) != keys.hash_of(["a", "bc"])
    assert keys.hash_of(1) != keys.hash_of("1") != keys.hash_of(True)


def test_own_modules_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine_for_cohorts.py").write_text("FACTOR = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import mine_for_cohorts

    task = made("import json\ndef task(p):\n    import csv\n    return mine.FACTOR * p\n", mine=mine_for_cohorts)
    names, own = keys.modules_of(task)
    assert names == ["csv", "mine_for_cohorts"]
    assert own == [mine_for_cohorts]
    before = keys.hash_of(task)
    (tmp_path / "mine_for_cohorts.py").write_text("FACTOR = 3\n")
    assert keys.hash_of(task) != before


def test_what_functions_of_ones_own_module_import_is_loaded_once_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each task would load it anew, which for a library of images takes longer than a small registration."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "def read(p):\n    import csv\n    return deeper(p)\ndef deeper(p):\n    import json\n"
    source += "def other():\n    import xml\n"
    (tmp_path / "mine_with_imports.py").write_text(source)
    import mine_with_imports

    task = made("def task(p):\n    return mine.read(p)\n", mine=mine_with_imports)
    assert keys.modules_of(task)[0] == ["csv", "json", "mine_with_imports"]


def test_python_itself_in_the_home_is_not_taken_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(Path(sys.base_prefix).parent))
    function = made("def task(p):\n    return tempfile.gettempdir()\n", tempfile=tempfile)
    names, own = keys.modules_of(function)
    assert "tempfile" in names
    assert own == []
