"""`skrt-hub restore`: Bring saved homes back, into place or beside what is newer."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.snapshots.reports import RestoreReport

HELP = "Bring saved homes back: into place where nothing newer would be lost, otherwise beside it."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["names"], nargs=-1, metavar="NAME", help="whose homes to restore (default: all that were saved)"),
    click.Option(["--from", "source"], metavar="PLACE", help="where the copies are (default: the last place)"),
    click.Option(
        ["--at"],
        metavar="TIME",
        help="as it was at this time, such as 2026-11-23 or 2026-11-23T18:00, or a save as `saves list` names it",
    ),
    click.Option(["--into"], type=PATH, metavar="FOLDER", help="into this folder, in place of the homes"),
)


def run(
    session: Session, *, names: tuple[str, ...], source: str | None, at: str | None, into: Path | None
) -> RestoreReport:
    """What was restored, with every file's hash read again; exit code 17 when something could not be."""
    return session.hub.restore(names, source=source, at=at, into=into)
