"""`skrt-hub up`: Make the hub run as hub.yaml says, and print its address."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import UpReport

HELP = "Make the hub run as hub.yaml says, and print its address."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(["--foreground"], is_flag=True, help="stay in the foreground, for a service manager or a container"),
)


def run(session: Session, *, foreground: bool) -> UpReport:
    """Where the hub is, once its log-in page answers."""
    return session.hub.up(foreground=foreground)
