"""What became of the placed files of a home: as placed, edited or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skrt_workspace.home.tree import Tree
from skrt_workspace.material.record import read_record


@dataclass(frozen=True)
class Row:
    """One placed file: `untouched`, `edited`, `deleted` or `own` (the participant's own file has its name)."""

    path: str
    state: str


def survey(home: Path) -> list[Row]:
    """Every file in the home's record, by path."""
    tree = Tree(home)
    rows = []
    for placed in read_record(home).files.values():
        found = tree.look(placed.at)
        if found is None:
            state = "deleted"
        elif placed.is_ours(found):
            state = "untouched"
        else:
            state = "edited" if placed.placed is not None else "own"
        rows.append(Row(placed.at, state))
    return sorted(rows, key=lambda row: row.path)
