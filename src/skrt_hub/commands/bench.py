"""`skrt-hub bench`: Let scripted participants log in together, and say how long each of them waited."""

from __future__ import annotations

import argparse
from pathlib import Path

from skrt_hub.commands.session import Session
from skrt_hub.report import Report

HELP = "Let scripted participants log in together, and say how long each of them waited."
MOST_PEOPLE = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--people, --against, --temporary, --url, --out."""
    parser.add_argument(
        "--people", type=_people, default=30, metavar="N", help=f"how many log in at once; 1 to {MOST_PEOPLE} (30)"
    )
    parser.add_argument("--against", choices=("stock",), help="measure JupyterHub's usual stack beside it")
    parser.add_argument("--temporary", action="store_true", help="measure a temporary hub even if this one runs")
    parser.add_argument("--url", metavar="ADDRESS", help="measure the hub at this address; its accounts stay there")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write bench.json and bench.svg into this folder")


def run(session: Session) -> Report:
    """A table of waiting times and memory; exit code 13 when somebody did not get to a slice."""
    from skrt_hub.bench.run import BenchOptions, bench  # noqa: PLC0415 - the other verbs start without it

    arguments = session.arguments
    options = BenchOptions(
        people=arguments.people,
        against_stock=arguments.against == "stock",
        temporary=arguments.temporary,
        url=arguments.url,
        out=arguments.out,
    )
    return bench(session.context, options)


def _people(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST_PEOPLE:
        raise argparse.ArgumentTypeError(f"give a whole number from 1 to {MOST_PEOPLE}")
    return number
