"""`skrt-hub hand-out`: Give files to everyone, under the rules of the material."""

from __future__ import annotations

import argparse
from pathlib import Path

from skrt_hub.commands.session import Session
from skrt_hub.homes.handing_out import hand_out, withdraw
from skrt_hub.homes.material import fetch
from skrt_hub.homes.overview import material_updated
from skrt_hub.report import Report

HELP = "Give files or folders to everyone: into homes now and later, never over what a participant changed."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE..., --as, --withdraw."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="files and folders to give")
    parser.add_argument("--as", dest="folder", metavar="FOLDER", default="hand-out", help="the folder in the homes")
    parser.add_argument("--withdraw", action="store_true", help="take the folder back: unchanged files go from homes")


def run(session: Session) -> Report:
    """What the homes get; running servers take it within seconds."""
    given, context = session.arguments, session.context
    if given.withdraw:
        withdraw(context.layout, given.folder)
    else:
        hand_out(context.settings, context.layout, given.files, given.folder)
    states = fetch(context.settings, context.layout, context.progress, echo=context.echo)
    return material_updated(states, session.target.deliver())
