"""`skrt-hub verify`: Test the hub as a participant would meet it: engines, libraries, viewers, notebooks."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import VerifyReport

HELP = "Test the hub as a participant would meet it: engines, libraries, viewers, notebooks."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(
        ["--quick"],
        is_flag=True,
        help="leave the notebooks out: half a minute on a machine that does nothing else",
    ),
)


def run(session: Session, *, quick: bool) -> VerifyReport:
    """A row for each step; exit code 13 when one failed."""
    return session.hub.verify(quick=quick)
