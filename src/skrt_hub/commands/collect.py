"""`skrt-hub collect`: Gather one file or folder from every home, with a manifest of what came."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from skrt_hub.commands.session import Session
from skrt_hub.homes.access import homes_of
from skrt_hub.homes.collect import collect
from skrt_hub.report import Report

HELP = "Gather one file or folder from every home (hand-in), with a manifest of hashes and times."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PATH, NAME..., --to."""
    parser.add_argument("path", metavar="PATH", help="the file or folder in each home, such as course/exercise.ipynb")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only from these participants")
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a new or empty folder")


def run(session: Session) -> Report:
    """Who handed in what; nobody's home is changed."""
    given = session.arguments
    with closing(homes_of(session.context)) as homes:
        settings, progress = session.context.settings, session.context.progress
        listed, admins = settings.participants, settings.admins
        return collect(homes, given.path, given.names, given.to, progress, listed=listed, admins=admins)
