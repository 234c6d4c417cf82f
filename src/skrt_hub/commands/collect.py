"""`skrt-hub collect`: Gather one file or folder from every home, with a manifest of what came."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.homes.collect import CollectReport

HELP = "Gather one file or folder from every home (hand-in), with a manifest of hashes and times."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["path"], metavar="PATH", help="the file or folder in each home, such as course/exercise.ipynb"),
    click.Argument(["names"], nargs=-1, metavar="NAME", help="only from these participants"),
    click.Option(["--to"], type=PATH, required=True, metavar="FOLDER", help="a new or empty folder"),
)


def run(session: Session, *, path: str, names: tuple[str, ...], to: Path) -> CollectReport:
    """Who handed in what; nobody's home is changed."""
    return session.hub.collect(path, names, to=to)
