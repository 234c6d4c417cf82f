"""The organiser's notebook as a list of cells to run, read as plain JSON (nbformat 4)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.bench import cells
from skrt_hub.errors import UsageError


@dataclass(frozen=True)
class Notebook:
    """A name, and the code of each cell in order."""

    name: str
    cells: tuple[str, ...]


FIRST_LESSON = Notebook("first-lesson.ipynb", (cells.IMPORT, cells.FIRST_SLICE))
"""What is run where no notebook is given."""


def read_notebook(file: Path) -> Notebook:
    """The code cells of a notebook. Raises UsageError for a file that is none, or has no code."""
    remedy = "Give a notebook that JupyterLab can open, with at least one code cell: --notebook FILE.ipynb"
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        found = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
        code = tuple(text for cell in found if (text := _text(cell["source"])).strip())
    except OSError as error:
        raise UsageError(f"{file} cannot be read.", why=f"{error.strerror}.", remedy=remedy) from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} is not a notebook.", why=f"{type(error).__name__}: {error}", remedy=remedy) from None
    if not code:
        raise UsageError(f"{file} has no code to run.", remedy=remedy)
    return Notebook(file.name, code)


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
