"""`skrt-hub logs`: Show the log of the hub, the proxy, the supervisor or one participant."""

from __future__ import annotations

import click

from skrt_hub.command_line.parameters import WholeNumber
from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "Show the log of the hub, the proxy, the supervisor or one participant."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(
        ["part"],
        default="hub",
        help="hub (the default), proxy, supervisor, fork-server, assets, culler, announcer, or a participant's name",
    ),
    click.Option(
        ["--lines"], type=WholeNumber(), default=100, metavar="N", help="show the last N lines (default: 100)"
    ),
    click.Option(["--follow"], is_flag=True, help="go on showing new lines until Ctrl-C"),
)


def run(session: Session, *, part: str, lines: int, follow: bool) -> Message:
    """Each line is shown as it comes; with --json they are one document."""
    found = session.hub.logs(part, lines=lines, follow=follow)
    if session.as_json:
        return Message(tuple(found))
    for line in found:
        session.show(line)
    return Message(())
