"""`skrt-hub hand-out`: Give files to everyone, under the rules of the material."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.errors import UsageError
from skrt_hub.material import hand_out as giving
from skrt_hub.material.overview import material_updated
from skrt_hub.material.published import fetch
from skrt_hub.report import Report

DEFAULT_FOLDER = "hand-out"
HELP = "Give files or folders to everyone: into homes now and later, never over what a participant changed."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["files"], nargs=-1, type=PATH, metavar="FILE", help="files and folders to give"),
    click.Option(["--as", "folder"], metavar="FOLDER", help="the folder in the homes (default: hand-out)"),
    click.Option(
        ["--withdraw"], is_flag=True, help="take the folder named with --as back: unchanged files go from homes"
    ),
)


def run(session: Session, *, files: tuple[Path, ...], folder: str | None, withdraw: bool) -> Report:
    """What the homes get; running servers take it within seconds."""
    context = session.context
    if withdraw and (files or not folder):
        raise UsageError(
            "Which folder is to be taken back?", remedy="Name it, and nothing else: hand-out --withdraw --as FOLDER"
        )
    if withdraw and folder:
        giving.withdraw(context.layout, folder)
    else:
        giving.hand_out(context.settings, context.layout, files, folder or DEFAULT_FOLDER)
    states = fetch(context.settings, context.layout, context.progress, echo=context.echo)
    taken = (f"{folder} was taken back: what nobody changed in it goes from the homes.",) if withdraw else ()
    return material_updated(states, (*taken, *session.target.deliver()))
