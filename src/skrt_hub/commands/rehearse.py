"""`skrt-hub rehearse`: Find out how many people this machine seats with your notebook."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.bench.options import RehearsalOptions
from skrt_hub.bench.rehearsal_report import RehearsalReport
from skrt_hub.command_line.parameters import PATH, WholeNumber
from skrt_hub.commands.session import Session

HELP = "Find out how many people this machine seats with your notebook."
MOST_PEOPLE = 200
MOST_MINUTES = 120
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(["--notebook"], type=PATH, metavar="FILE", help="the notebook; by default a first CT slice"),
    click.Option(
        ["--people"],
        type=WholeNumber(1, MOST_PEOPLE),
        default=64,
        metavar="N",
        help="try at most so many, up to 200 (64)",
    ),
    click.Option(
        ["--minutes"],
        type=WholeNumber(1, MOST_MINUTES),
        default=20,
        metavar="M",
        help="no further step after this time (20)",
    ),
    click.Option(["--out"], type=PATH, metavar="DIR", help="write rehearsal.json and rehearsal.svg there"),
)


def run(session: Session, *, notebook: Path | None, people: int, minutes: int, out: Path | None) -> RehearsalReport:
    """The number of seats, in hub.yaml's words, and how it was found."""
    options = RehearsalOptions(people, minutes, notebook, out)
    return session.hub.rehearse(options)
