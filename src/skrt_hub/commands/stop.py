"""`skrt-hub stop`: End all of the hub's processes cleanly; every file stays."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "End all of the hub's processes cleanly; every file stays."


PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> Message:
    """What was ended."""
    return session.hub.stop()
