"""What all comparisons write: a table that no spreadsheet takes for formulas, and a page without scripts."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from skrt_workspace.compare.cells import plain_cell
from skrt_workspace.data.findings import UnusableDataError

TABLE, PAGE = "compared.csv", "compared.html"
_STYLE = "body{font-family:sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:right}"
HEAD = f"<!doctype html><meta charset='utf-8'><title>Compared</title><style>{_STYLE}</style>"


@dataclass(frozen=True)
class Written:
    """What somebody made of a comparison: one line for each fact, and where the table and the page are."""

    lines: tuple[str, ...]
    people: tuple[Any, ...]
    table: Path
    page: Path

    def __str__(self) -> str:
        return "\n".join([*self.lines, f"The table is {self.table}, the page {self.page}."])


class Handed(Protocol):
    """What somebody handed in, compared; or in `problem` why it could not be."""

    @property
    def name(self) -> str:
        """The participant."""

    @property
    def problem(self) -> str:
        """Why it could not be compared; nothing where it was."""


def why_not(error: Exception, kind: str) -> str:
    """Why somebody's files could not be compared; whatever is wrong with one of them stops nobody else's."""
    if isinstance(error, UnusableDataError):
        return str(error)
    return f"it is damaged, or unlike any {kind} ({type(error).__name__})"


def write(
    folder: Path,
    people: Sequence[Handed],
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    *,
    page: Iterable[str],
    told: Iterable[str],
) -> Written:
    """Write table and page; each person who could not be compared stands at the end of the page and of what is told."""
    problems = {one.name: one.problem for one in people if one.problem}
    table = write_table(folder, columns, rows)
    shown = write_page(folder, page, problems)
    return Written((*told, *(f"{name}: {why}" for name, why in problems.items())), tuple(people), table, shown)


def write_table(folder: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write the table, and give its place."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: plain_cell(cell) if isinstance(cell, str) else cell for key, cell in row.items()})
    table = folder / TABLE
    table.write_text(text.getvalue(), encoding="utf-8-sig")
    return table


def write_page(folder: Path, parts: Iterable[str], problems: Mapping[str, str]) -> Path:
    """Write the page, at its end who could not be compared, and give its place."""
    told = [f"<li>{html.escape(name)}: {html.escape(why)}" for name, why in problems.items()]
    ending = ["<h2>Not compared</h2><ul>", *told, "</ul>"] if told else []
    page = folder / PAGE
    page.write_text("\n".join([HEAD, *parts, *ending]), encoding="utf-8")
    return page


def row(name: str, cells: Iterable[str]) -> str:
    """A row of a table on the page: a name, and cells that are ready."""
    return f"<tr><th>{html.escape(name)}{''.join(f'<td>{cell}' for cell in cells)}</tr>"
