"""`skrt-hub bundle make`: One file with all that a hub on one machine takes, for a machine without a network."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "Write one file with all that a hub on one machine takes, for a machine without a network."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["file"], type=PATH, metavar="FILE", help="the file to write, such as hub.bundle"),
)


def run(session: Session, *, file: Path) -> Message:
    """Its size and its hash; the size is told before anything is fetched."""
    return session.hub.make_bundle(file)
