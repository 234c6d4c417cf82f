"""`skrt-hub collect`: Gather one file or folder from every home, with a manifest of what came."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.errors import UsageError
from skrt_hub.homes.collect import CollectReport
from skrt_hub.inspection.program import ComparedHandInsReport

HELP = "Gather one file or folder from every home (hand-in), with a manifest of hashes and times."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["path"], metavar="PATH", help="the file or folder in each home, such as course/exercise.ipynb"),
    click.Argument(["names"], nargs=-1, metavar="NAME", help="only from these participants"),
    click.Option(["--to"], type=PATH, required=True, metavar="FOLDER", help="a new or empty folder"),
    click.Option(
        ["--compare-with"],
        type=PATH,
        metavar="FILE",
        help="a structure set, dose, transform or landmarks: compare everybody's with it, as a table and a page beside "
        "what came",
    ),
)


def run(
    session: Session, *, path: str, names: tuple[str, ...], to: Path, compare_with: Path | None
) -> CollectReport | ComparedHandInsReport:
    """Who handed in what; nobody's home is changed."""
    if compare_with is not None and not compare_with.exists():
        raise UsageError(f"There is no {compare_with} to compare with.", remedy="Nothing was collected.")
    collected = session.hub.collect(path, names, to=to)
    if compare_with is None:
        return collected
    return ComparedHandInsReport(collected, session.hub.compare_collected(collected, compare_with))
