"""`skrt-hub check`: Say what this target needs, what was found, and what to install where it is missing."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import CheckReport

HELP = "Say what this target needs, what was found, and what to install where it is missing."


PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> CheckReport:
    """The findings; exit code 0 only if `up` would work."""
    return session.hub.check()
