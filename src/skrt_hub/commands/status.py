"""`skrt-hub status`: Say what the hub is doing, who is logged in, and what each server uses."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "Say what the hub is doing, who is logged in, and what each server uses."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(session: Session) -> Report:
    """The hub's state; exit code 0 also when it does not run."""
    return session.target.status()
