"""`skrt-hub service start`: What the service types after a reboot: bring the hub up, unless it was stopped."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "What the service types after a reboot: bring the hub up, unless it was stopped."
PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> Report:
    """Where the hub is, or that it stays stopped."""
    return session.hub.start_as_service()
