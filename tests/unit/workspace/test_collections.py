"""The table of known collections: whole, consistent, and the same as its documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skrt_workspace.collections import COLLECTIONS, load

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "collections.md"
NEEDS = {"nothing": "nothing", "download, 1.6 GB": "download", "data that is not public": "own data"}


def test_scikit_rt_by_examples_is_pinned() -> None:
    collection = COLLECTIONS["scikit-rt-by-examples"]
    assert collection.at == "0.8.2"
    assert re.fullmatch(r"[0-9a-f]{40}", collection.commit)
    assert collection.folder == "examples/notebooks"


@pytest.mark.parametrize("name", list(COLLECTIONS))
def test_every_notebook_says_what_it_needs(name: str) -> None:
    notebooks = COLLECTIONS[name].notebooks
    assert len({notebook.file for notebook in notebooks}) == len(notebooks) > 0
    for notebook in notebooks:
        assert notebook.needs in ("nothing", "download", "own data")
        assert (notebook.needs == "download") == (notebook.size_gb > 0), notebook.file
        assert notebook.needs == "nothing" or notebook.data or notebook.note, notebook.file


def test_the_page_says_the_same() -> None:
    row = r"^\| `(\w+)` \| .* \| (.*) \| (?:([\d.]+) GB )?\| (?:(\d+) s )?\|$"
    rows = re.findall(row, PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    written = {
        f"{name}.ipynb": (NEEDS.get(needs, "own data"), float(memory or 0), int(seconds or 0))
        for name, needs, memory, seconds in rows
    }
    assert written == {
        notebook.file: (notebook.needs, notebook.memory_gb, notebook.seconds)
        for notebook in COLLECTIONS["scikit-rt-by-examples"].notebooks
    }


def test_what_can_run_was_measured_and_fits_within_the_usual_limit() -> None:
    for notebook in COLLECTIONS["scikit-rt-by-examples"].notebooks:
        if notebook.needs == "nothing":
            assert 0 < notebook.memory_gb < 2, notebook.file
            assert notebook.seconds > 0, notebook.file


def test_a_key_that_is_not_known_is_refused(tmp_path: Path) -> None:
    text = 'title = "x"\nrepository = "x"\nat = "1"\ncommit = "0"\nfolder = ""\nnotebooks = []\ncolour = "red"\n'
    (tmp_path / "odd.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TypeError, match="colour"):
        load(tmp_path)
