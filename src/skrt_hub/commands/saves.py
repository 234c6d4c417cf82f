"""`skrt-hub saves`: List saved copies, read them again, or compare homes with them."""

from __future__ import annotations

import click

from skrt_hub.command_line.parameters import OneOf
from skrt_hub.commands.session import Session
from skrt_hub.errors import UsageError
from skrt_hub.snapshots.reports import ComparedReport, SavesReport, VerifiedReport

HELP = "List saved copies, verify them by reading all of them again, or compare the homes with them."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(
        ["action"],
        type=OneOf(("list", "verify", "compare")),
        default="list",
        help="list (the default); verify: read every copy; compare: every home's files, by hash, with its newest copy",
    ),
    click.Argument(["names"], nargs=-1, metavar="NAME", help="compare: only these homes"),
    click.Option(["--from", "source"], metavar="PLACE", help="where the copies are (default: the last place)"),
)


def run(
    session: Session, *, action: str, names: tuple[str, ...], source: str | None
) -> SavesReport | VerifiedReport | ComparedReport:
    """What is there; exit code 17 where a copy is damaged, or a home differs."""
    if names and action != "compare":
        raise UsageError(
            f"`saves {action}` is about all homes.", remedy="Leave the names out; `saves compare` takes some."
        )
    if action == "verify":
        return session.hub.verify_saves(source=source)
    if action == "compare":
        return session.hub.compare_saves(names, source=source)
    return session.hub.saves(source=source)
