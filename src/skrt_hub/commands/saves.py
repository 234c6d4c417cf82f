"""`skrt-hub saves`: List saved copies, read them again, or compare homes with them."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.errors import UsageError
from skrt_hub.report import Report
from skrt_hub.snapshots.operations import copies_of, run_compare, run_list, run_verify

HELP = "List saved copies, verify them by reading all of them again, or compare the homes with them."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """ACTION, NAME..., --from."""
    parser.add_argument(
        "action",
        choices=("list", "verify", "compare"),
        nargs="?",
        default="list",
        help="list (the default); verify: read every copy; compare: every home's files, by hash, with its newest copy",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="compare: only these homes")
    parser.add_argument("--from", dest="source", metavar="PLACE", help="where the copies are (default: the last place)")


def run(session: Session) -> Report:
    """What is there; exit code 17 where a copy is damaged, or a home differs."""
    given = session.arguments
    if given.names and given.action != "compare":
        raise UsageError(
            f"`saves {given.action}` is about all homes.", remedy="Leave the names out; `saves compare` takes some."
        )
    with copies_of(session.context) as copies:
        if given.action == "verify":
            return run_verify(copies, given.source)
        if given.action == "compare":
            return run_compare(copies, given.names, given.source)
        return run_list(copies, given.source)
