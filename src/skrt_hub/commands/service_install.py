"""`skrt-hub service install`: Have the hub come back after each reboot of this machine, unless it was stopped."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "Have the hub come back after each reboot of this machine, unless it was stopped."
PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> Message:
    """Where it is noted."""
    return session.hub.install_service()
