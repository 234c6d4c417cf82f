"""`skrt-hub rehearse`: Find out how many people this machine seats with your notebook."""

from __future__ import annotations

import argparse
from pathlib import Path

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "Find out how many people this machine seats with your notebook."
MOST_PEOPLE = 200
MOST_MINUTES = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--notebook, --people, --minutes, --out."""
    people, minutes = _number(MOST_PEOPLE), _number(MOST_MINUTES)
    parser.add_argument("--notebook", type=Path, metavar="FILE", help="the notebook; by default a first CT slice")
    parser.add_argument("--people", type=people, default=64, metavar="N", help="try at most so many, up to 200 (64)")
    parser.add_argument("--minutes", type=minutes, default=20, metavar="M", help="no further step after this time (20)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write rehearsal.json and rehearsal.svg there")


def run(session: Session) -> Report:
    """The number of seats, in hub.yaml's words, and how it was found."""
    from skrt_hub.bench.rehearsal import RehearsalOptions, rehearse  # noqa: PLC0415 - other verbs start without it

    arguments = session.arguments
    options = RehearsalOptions(arguments.people, arguments.minutes, arguments.notebook, arguments.out)
    return rehearse(session.context, options)


class _number:  # noqa: N801 - used like a function
    """A whole number from 1 to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __call__(self, text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = 0
        if not 1 <= number <= self._most:
            raise argparse.ArgumentTypeError(f"give a whole number from 1 to {self._most}")
        return number
