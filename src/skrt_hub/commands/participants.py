"""`skrt-hub participants`: list them, set or forget a password, remove one; no file of theirs is ever touched."""

from __future__ import annotations

import getpass
import sys

import click

from skrt_hub.command_line.parameters import OneOf
from skrt_hub.commands.session import Session
from skrt_hub.errors import RefusedError, UsageError, nobody_called
from skrt_hub.hub.authenticator import NameRefusedError, normalised
from skrt_hub.policy.log_in import SHORTEST_PASSWORD
from skrt_hub.report import Message, ParticipantsReport

HELP = "List the participants, set or forget a password, or remove one; files are kept."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(
        ["action"],
        type=OneOf(("list", "password", "forget", "remove")),
        default="list",
        help="list (the default); password: set one, typed or on standard input; forget: the next log-in chooses one; "
        "remove: no log-in any more, the home is kept",
    ),
    click.Argument(["name"], required=False, help="the participant"),
    click.Option(
        ["--free"], is_flag=True, help="with remove: move the home aside, and free the name for somebody else"
    ),
)


def run(session: Session, *, action: str, name: str | None, free: bool) -> ParticipantsReport | Message:
    """Carry the action out on the hub at hand, running or not."""
    hub = session.hub
    if action == "list":
        return ParticipantsReport(hub.participants())
    name = _name(name)
    if action == "password":
        _ensure_known(session, name)
        hub.set_password(name, _new_password(name))
        return Message((f"The password of {name} is set. Their files were not touched.",))
    if action == "forget":
        if hub.forget_password(name):
            return Message((f"The password of {name} is forgotten: whoever logs in first with this name chooses one.",))
        if name not in _names(session):
            raise nobody_called(name)
        return Message((f"{name} has no password.",))
    return hub.remove_participant(name, free=free)


def _ensure_known(session: Session, name: str) -> None:
    """Where the names are listed, another one is a slip, and a password for it would let nobody in."""
    if session.context.settings.participants and name not in _names(session):
        raise nobody_called(name)


def _names(session: Session) -> set[str]:
    return {who.name for who in session.hub.participants()}


def _name(given: str | None) -> str:
    if given is None:
        raise UsageError("A name is missing.", remedy="Type for example: skrt-hub participants password anna")
    try:
        return normalised(given)
    except NameRefusedError as refused:
        raise UsageError(f"{given!r} is not a name that can log in.", why=str(refused)) from None


def _new_password(name: str) -> str:
    if sys.stdin.isatty():
        first = getpass.getpass(f"New password for {name}: ")
        if getpass.getpass("The same again: ") != first:
            raise RefusedError("The two are not the same.", why="Nothing was changed.", remedy="Try again.")
    else:
        first = sys.stdin.readline().rstrip("\n")
    if len(first) < SHORTEST_PASSWORD:
        raise RefusedError(
            "The password is too short.", why=f"It needs at least {SHORTEST_PASSWORD} characters.", remedy="Try again."
        )
    return first
