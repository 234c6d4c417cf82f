"""`skrt-hub up`: Make the hub run as hub.yaml says, and print its address."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "Make the hub run as hub.yaml says, and print its address."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--foreground."""
    parser.add_argument(
        "--foreground", action="store_true", help="stay in the foreground, for a service manager or a container"
    )


def run(session: Session) -> Report:
    """Where the hub is, once its log-in page answers."""
    return session.target.up(foreground=session.arguments.foreground)
