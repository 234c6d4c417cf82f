"""`skrt-hub service stop`: What the service types before a reboot: end the hub, to come back as it was."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "What the service types before a reboot: end the hub, to come back as it was."
PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> Message:
    """What was ended."""
    return session.hub.stop_as_service()
