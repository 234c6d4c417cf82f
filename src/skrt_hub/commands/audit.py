"""`skrt-hub audit`: Attack the hub as a participant and from outside, and say what held."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "Attack the hub as a participant and from outside, and say what held."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(
        ["--no-limits"],
        is_flag=True,
        help="do not fill memory, processes and files to their limits: a minute in place of several",
    ),
)


def run(session: Session, *, no_limits: bool) -> Report:
    """A row for each attempt; exit code 21 where anything was reachable."""
    return session.hub.audit(limits=not no_limits)
