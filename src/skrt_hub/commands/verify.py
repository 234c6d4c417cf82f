"""`skrt-hub verify`: Test the hub as a participant would meet it: engines, libraries, viewers, notebooks."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "Test the hub as a participant would meet it: engines, libraries, viewers, notebooks."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--quick."""
    parser.add_argument(
        "--quick",
        action="store_true",
        help="leave the notebooks out: half a minute on a machine that does nothing else",
    )


def run(session: Session) -> Report:
    """A row for each step; exit code 13 when one failed."""
    return session.target.verify(quick=session.arguments.quick)
