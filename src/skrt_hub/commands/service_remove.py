"""`skrt-hub service remove`: Have the hub stay down after a reboot, as without a service."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "Have the hub stay down after a reboot, as without a service."
PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> Message:
    """What was removed."""
    return session.hub.remove_service()
