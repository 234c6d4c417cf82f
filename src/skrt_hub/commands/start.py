"""`skrt-hub start`: Bring a stopped hub up again."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "Bring a stopped hub up again."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(session: Session) -> Report:
    """Where the hub is, once its log-in page answers."""
    return session.target.start()
