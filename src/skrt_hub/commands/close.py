"""`skrt-hub close`: Disable connections; servers, kernels and data stay as they are."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "Disable connections; servers, kernels and data stay as they are."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(session: Session) -> Report:
    """What was closed."""
    return session.target.close()
