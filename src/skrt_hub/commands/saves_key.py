"""`skrt-hub saves key`: Make the key of encrypted copies, or show that a second copy of it is right."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "Make the key by which saved copies are encrypted, or show that a second copy of it is right."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["file"], type=PATH, metavar="FILE", help="the second copy of hub.yaml's `saves.key`"),
    click.Option(["--make"], is_flag=True, help="write a new key to FILE, which must not be there yet"),
)


def run(session: Session, *, file: Path, make: bool) -> Message:
    """What to do with the key, or that its copy is right."""
    return session.hub.make_saves_key(file) if make else session.hub.show_saves_key(file)
