"""`skrt-hub restore`: Bring saved homes back, into place or beside what is newer."""

from __future__ import annotations

import argparse
from pathlib import Path

from skrt_hub.commands.session import Session
from skrt_hub.report import Report
from skrt_hub.snapshots.operations import copies_of, run_restore

HELP = "Bring saved homes back: into place where nothing newer would be lost, otherwise beside it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """NAME..., --from, --at, --into."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="whose homes to restore (default: all that were saved)"
    )
    parser.add_argument("--from", dest="source", metavar="PLACE", help="where the copies are (default: the last place)")
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="as it was at this time, such as 2026-11-23 or 2026-11-23T18:00, or a save as `saves list` names it",
    )
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="into this folder, in place of the homes")


def run(session: Session) -> Report:
    """What was restored, with every file's hash read again; exit code 17 when something could not be."""
    given = session.arguments
    with copies_of(session.context) as copies:
        return run_restore(copies, given.names, given.source, given.at, given.into)
