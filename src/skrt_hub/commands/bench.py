"""`skrt-hub bench`: Let scripted participants log in together, and say how long each of them waited."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.bench.options import BenchOptions
from skrt_hub.bench.report import BenchReport
from skrt_hub.command_line.parameters import PATH, OneOf, WholeNumber
from skrt_hub.commands.session import Session
from skrt_hub.errors import UsageError

HELP = "Let scripted participants log in together, and say how long each of them waited."
MOST_PEOPLE = 300
MOST_BROWSERS = 20
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(
        ["--people"],
        type=WholeNumber(1, MOST_PEOPLE),
        default=30,
        metavar="N",
        help=f"how many log in at once; 1 to {MOST_PEOPLE} (30)",
    ),
    click.Option(["--against"], type=OneOf(("stock",)), help="measure JupyterHub's usual stack beside it"),
    click.Option(["--temporary"], is_flag=True, help="measure a temporary hub even if this one runs"),
    click.Option(["--url"], metavar="ADDRESS", help="measure the hub at this address; its accounts stay there"),
    click.Option(
        ["--browsers"],
        type=WholeNumber(0, MOST_BROWSERS),
        default=0,
        metavar="N",
        help=f"so many people more come with a real browser, Chromium, each; 0 to {MOST_BROWSERS} (0)",
    ),
    click.Option(
        ["--seats-ready"],
        is_flag=True,
        help="on a temporary hub: servers run already when people come (hub.yaml's `seats`)",
    ),
    click.Option(["--out"], type=PATH, metavar="DIR", help="write bench.json and bench.svg into this folder"),
)


def run(
    session: Session,
    *,
    people: int,
    against: str | None,
    temporary: bool,
    url: str | None,
    browsers: int,
    seats_ready: bool,
    out: Path | None,
) -> BenchReport:
    """A table of waiting times and memory; exit code 13 when somebody did not get to a slice."""
    if seats_ready and url is not None:
        raise UsageError(
            "`--seats-ready` is for a temporary hub, and `--url` names another one.", remedy="Leave one of them out."
        )
    options = BenchOptions(
        people=people,
        against_stock=against == "stock",
        temporary=temporary or seats_ready,
        url=url,
        out=out,
        browsers=browsers,
        seats_ready=seats_ready,
    )
    return session.hub.bench(options)
