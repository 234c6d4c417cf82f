"""`skrt-hub seats`: Say which servers are started before their people come, and how that goes."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import SeatsReport

HELP = "Say when servers are made ready for people who have not come yet, and how that goes."
PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> SeatsReport:
    """The times of hub.yaml, and everybody's seat."""
    return session.hub.seats()
