"""`skrt-hub logs`: Show the log of the hub, the proxy, the supervisor or one participant."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.report import Message, Report

HELP = "Show the log of the hub, the proxy, the supervisor or one participant."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PART, --lines, --follow."""
    parser.add_argument(
        "part",
        nargs="?",
        default="hub",
        help="hub (the default), proxy, supervisor, fork-server, assets, culler, or a participant's name",
    )
    parser.add_argument("--lines", type=int, default=100, metavar="N", help="show the last N lines (default: 100)")
    parser.add_argument("--follow", action="store_true", help="go on showing new lines until Ctrl-C")


def run(session: Session) -> Report:
    """Each line is shown as it comes; with --json they are one document."""
    arguments = session.arguments
    lines = session.target.logs(arguments.part, lines=max(0, arguments.lines), follow=arguments.follow)
    if arguments.json:
        return Message(tuple(lines))
    for line in lines:
        session.show(line)
    return Message(())
