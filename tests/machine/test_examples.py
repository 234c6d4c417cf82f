"""The example notebooks: valid, clean, and run by the participants' Python with numbers that agree with the truth."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest

import skrt_workspace
from skrt_hub.environment import Environment

EXAMPLES = Path(skrt_workspace.__file__).parent / "examples"
NOTEBOOKS = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))
SHORT = ("04_dose_and_dvh",)  # the others are long tests

RUN = """
import json, sys
from pathlib import Path
from skrt_workspace.verify import notebooks
from skrt_workspace.verify.expected import wrong_numbers
name, folder = sys.argv[1], Path(sys.argv[2])
numbers = notebooks.execute(notebooks.FOLDER / f"{name}.ipynb", folder)
print(json.dumps({"wrong": wrong_numbers(name, numbers), "numbers": numbers}))
"""
JUDGE = """
import json, sys
from skrt_workspace.verify.expected import wrong_numbers
print(json.dumps(wrong_numbers(sys.argv[1], json.loads(sys.argv[2]))))
"""


def python(environment: Environment, program: str, *words: str | Path) -> Any:
    variables = {**os.environ, "PATH": f"{environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [environment.folder / "bin" / "python", "-c", program, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500, env=variables)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.long) for name in NOTEBOOKS]
)
def test_notebook_runs_to_its_end_with_the_right_numbers(environment: Environment, tmp_path: Path, name: str) -> None:
    found = python(environment, RUN, name, tmp_path)
    assert found["wrong"] == []
    assert {path.name for path in tmp_path.iterdir()} <= {"results"}, "writes outside of its results folder"
    # The judgement itself can fail: with one number changed it must.
    changed = python(environment, JUDGE, name, json.dumps(_with_wrong_number(found["numbers"])))
    assert len(changed) >= 1


def _with_wrong_number(numbers: dict[str, Any]) -> dict[str, Any]:
    """The numbers with the first one of a plain kind made wrong."""
    for key, value in numbers.items():
        if isinstance(value, bool):
            return {**numbers, key: not value}
        if isinstance(value, int | float):
            return {**numbers, key: value * 3 + 1000}
    raise AssertionError("no plain number to change")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_is_valid_and_clean(name: str) -> None:
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    text = sum(len(cell.source) for cell in notebook.cells if cell.cell_type == "markdown")
    assert text > 500, "a lesson needs words"


def test_the_readme_names_every_notebook() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert NOTEBOOKS
    assert [name for name in NOTEBOOKS if f"`{name}`" not in readme] == []
