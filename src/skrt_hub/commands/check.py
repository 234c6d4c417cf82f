"""`skrt-hub check`: Say what this target needs, what was found, and what to install where it is missing."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "Say what this target needs, what was found, and what to install where it is missing."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(session: Session) -> Report:
    """The findings; exit code 0 only if `up` would work."""
    return session.target.check()
