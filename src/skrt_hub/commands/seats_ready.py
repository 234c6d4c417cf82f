"""`skrt-hub seats ready`: Start the servers of all who have a seat, from now on and before they come."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "Start the servers of all on the list now, before they come (hub.yaml's `seats.for`)."
PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> Message:
    """It goes on in the background."""
    return session.hub.make_seats_ready()
