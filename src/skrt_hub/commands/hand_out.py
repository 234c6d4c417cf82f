"""`skrt-hub hand-out`: Give files to everyone, under the rules of the material."""

from __future__ import annotations

import argparse
from pathlib import Path

from skrt_hub.commands.session import Session
from skrt_hub.errors import UsageError
from skrt_hub.material.hand_out import hand_out, withdraw
from skrt_hub.material.overview import material_updated
from skrt_hub.material.published import fetch
from skrt_hub.report import Report

DEFAULT_FOLDER = "hand-out"
HELP = "Give files or folders to everyone: into homes now and later, never over what a participant changed."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE..., --as, --withdraw."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="files and folders to give")
    parser.add_argument("--as", dest="folder", metavar="FOLDER", help="the folder in the homes (default: hand-out)")
    parser.add_argument(
        "--withdraw", action="store_true", help="take the folder named with --as back: unchanged files go from homes"
    )


def run(session: Session) -> Report:
    """What the homes get; running servers take it within seconds."""
    given, context = session.arguments, session.context
    if given.withdraw and (given.files or not given.folder):
        raise UsageError(
            "Which folder is to be taken back?", remedy="Name it, and nothing else: hand-out --withdraw --as FOLDER"
        )
    if given.withdraw:
        withdraw(context.layout, given.folder)
    else:
        hand_out(context.settings, context.layout, given.files, given.folder or DEFAULT_FOLDER)
    states = fetch(context.settings, context.layout, context.progress, echo=context.echo)
    taken = (
        (f"{given.folder} was taken back: what nobody changed in it goes from the homes.",) if given.withdraw else ()
    )
    return material_updated(states, (*taken, *session.target.deliver()))
