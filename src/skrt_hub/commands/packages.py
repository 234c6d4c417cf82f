"""`skrt-hub packages`: What participants installed into their homes with pip, and back to the class's packages."""

from __future__ import annotations

import click

from skrt_hub.command_line.parameters import OneOf
from skrt_hub.commands.session import Session
from skrt_hub.errors import UsageError
from skrt_hub.homes.packages import OwnPackagesReport, PackagesAsideReport

HELP = "List what participants installed into their homes with pip, or move it aside."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(
        ["action"],
        type=OneOf(("list", "reset")),
        default="list",
        help="list (the default): who installed what; reset: move it aside within the home, with a way back",
    ),
    click.Argument(["names"], nargs=-1, metavar="NAME", help="the participants; list: everybody where none is named"),
)


def run(session: Session, *, action: str, names: tuple[str, ...]) -> OwnPackagesReport | PackagesAsideReport:
    """What there is, or what was moved; exit code 10 where something could not be moved."""
    if action == "list":
        return session.hub.own_packages(names)
    if not names:
        raise UsageError("A name is missing.", remedy="Type for example: skrt-hub packages reset anna")
    return session.hub.set_packages_aside(names)
