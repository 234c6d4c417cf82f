"""`skrt-hub hand-out`: Give files to everyone, under the rules of the material."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.api import HAND_OUT
from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.errors import UsageError
from skrt_hub.material.overview import UpdateReport

HELP = "Give files or folders to everyone: into homes now and later, never over what a participant changed."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["files"], nargs=-1, type=PATH, metavar="FILE", help="files and folders to give"),
    click.Option(["--as", "folder"], metavar="FOLDER", help="the folder in the homes (default: hand-out)"),
    click.Option(
        ["--withdraw"], is_flag=True, help="take the folder named with --as back: unchanged files go from homes"
    ),
)


def run(session: Session, *, files: tuple[Path, ...], folder: str | None, withdraw: bool) -> UpdateReport:
    """What the homes get; running servers take it within seconds."""
    if withdraw and (files or not folder):
        raise UsageError(
            "Which folder is to be taken back?", remedy="Name it, and nothing else: hand-out --withdraw --as FOLDER"
        )
    if withdraw and folder:
        return session.hub.withdraw(folder)
    return session.with_patients(
        lambda agreed: session.hub.hand_out(files, folder=folder or HAND_OUT, patients_too=agreed)
    )
