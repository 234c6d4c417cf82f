"""`skrt-hub start`: Bring a stopped hub up again."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import UpReport

HELP = "Bring a stopped hub up again."


PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> UpReport:
    """Where the hub is, once its log-in page answers."""
    return session.with_patients(lambda agreed: session.hub.start(patients_too=agreed))
