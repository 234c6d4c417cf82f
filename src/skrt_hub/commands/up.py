"""`skrt-hub up`: Make the hub run as hub.yaml says, and print its address."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.report import UpReport

HELP = "Make the hub run as hub.yaml says, and print its address."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(["--bundle"], type=PATH, metavar="FILE", help="take all packages from this file; no network is asked"),
    click.Option(["--foreground"], is_flag=True, help="stay in the foreground, for a service manager or a container"),
)


def run(session: Session, *, foreground: bool, bundle: Path | None) -> UpReport:
    """Where the hub is, once its log-in page answers."""
    return session.with_patients(
        lambda agreed: session.hub.up(foreground=foreground, bundle=bundle, patients_too=agreed)
    )
