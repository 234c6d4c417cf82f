"""Steps: each example notebook runs to its last cell, and its numbers are those that are known to be right.

A notebook ends with a dictionary `numbers`; a cell that is added here prints it."""

from __future__ import annotations

import json
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell

from skrt_workspace.verify import kernels
from skrt_workspace.verify.expected import wrong_numbers
from skrt_workspace.verify.result import Found, StepFailedError

CELL_DEADLINE = 240.0
FOLDER = Path(str(files("skrt_workspace"))) / "examples"


def names() -> list[str]:
    """The example notebooks, in their order."""
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def execute(file: Path, folder: Path) -> dict[str, Any]:
    """Run a notebook in `folder`; returns its numbers. StepFailedError names the cell that failed."""
    notebook = nbformat.read(file, as_version=4)
    notebook.cells.append(new_code_cell("import json\nprint(json.dumps(numbers))"))
    try:
        kernels.execute(notebook, CELL_DEADLINE, folder)
    except CellExecutionError as error:
        raise StepFailedError(f"cell {_failed(notebook)} failed: {error.ename}: {error.evalue}") from error
    numbers: dict[str, Any] = json.loads(kernels.printed(notebook.cells[-1].outputs))
    return numbers


def _failed(notebook: Any) -> str:
    ran = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.get("execution_count")]
    return f"{len(ran)}" if ran else "1"


def check(name: str) -> Found:
    """Run one of the example notebooks and compare its numbers."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        numbers = execute(FOLDER / f"{name}.ipynb", Path(folder))
    wrong = wrong_numbers(name, numbers)
    if wrong:
        raise StepFailedError("; ".join(wrong), numbers)
    return Found("ran to the last cell, numbers as known", numbers)
