"""`skrt-hub datasets remove`: Remove what was fetched of a set."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.datasets.report import SetsReport

HELP = "Remove what was fetched of these sets; they can be fetched again."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["names"], nargs=-1, required=True, metavar="NAME", help="the sets"),
)


def run(session: Session, *, names: tuple[str, ...]) -> SetsReport:
    """What was removed, and what is left."""
    return session.hub.remove_datasets(names)
