"""`skrt-hub status`: Say what the hub is doing, who is logged in, and what each server uses."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import StatusReport

HELP = "Say what the hub is doing, who is logged in, and what each server uses."


PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> StatusReport:
    """The hub's state; exit code 0 also when it does not run."""
    return session.hub.status()
