"""`skrt-hub message`: Show a message in JupyterLab to everybody, or to some."""

from __future__ import annotations

import click

from skrt_hub.commands.participants_list import usable
from skrt_hub.commands.session import Session
from skrt_hub.errors import UsageError, nobody_called
from skrt_hub.report import Message

HELP = "Show a message in JupyterLab, to everybody or to those who are named."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["text"], metavar="TEXT", help="the message, in quotes"),
    click.Argument(["names"], nargs=-1, metavar="NAME", help="only to these participants"),
)


def run(session: Session, *, text: str, names: tuple[str, ...]) -> Message:
    """For whom it was left, and for whom it could not be."""
    if not text.strip():
        raise UsageError("The message is empty.", remedy='Type for example: skrt-hub message "We go on at 2 p.m."')
    wanted = [usable(name) for name in names]
    there = {who.name for who in session.hub.participants()} if wanted else set()
    for name in wanted:
        if name not in there:
            raise nobody_called(name)
    left = session.hub.send_message(text.strip(), wanted)
    told = f"The message was left for {len(left)} {'person' if len(left) == 1 else 'people'}: {', '.join(left)}"
    missed = sorted(set(wanted) - set(left))
    lines = [told if left else "The message was left for nobody."]
    if missed:
        lines.append(f"It could not be left for {', '.join(missed)}: there is no server, or never was one.")
    return Message(tuple(lines))
