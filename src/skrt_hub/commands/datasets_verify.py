"""`skrt-hub datasets verify`: Read fetched sets again."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.datasets.report import VerifiedSetsReport

HELP = "Read every file of the fetched sets again, and compare it with its hash."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["names"], nargs=-1, metavar="NAME", help="only these sets (default: all)"),
)


def run(session: Session, *, names: tuple[str, ...]) -> VerifiedSetsReport:
    """Whether all is as it was fetched; exit code 17 where it is not."""
    return session.hub.verify_datasets(names)
