"""`skrt-hub save`: Save homes to a folder or to S3-compatible storage, while people work."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.report import Report
from skrt_hub.snapshots.operations import copies_of, run_save

HELP = "Save homes to a folder or to S3-compatible storage, while people work; only what changed is copied."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """NAME..., --to."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="whose homes to save (default: everybody's)")
    parser.add_argument(
        "--to", metavar="PLACE", help="a folder, or s3://bucket/folder (default: hub.yaml's saves.place)"
    )


def run(session: Session) -> Report:
    """What was saved, once it was read back."""
    with copies_of(session.context) as copies:
        return run_save(copies, session.arguments.names, session.arguments.to)
