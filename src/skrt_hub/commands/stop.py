"""`skrt-hub stop`: End all of the hub's processes cleanly; every file stays."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "End all of the hub's processes cleanly; every file stays."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(session: Session) -> Report:
    """What was ended."""
    return session.target.stop()
