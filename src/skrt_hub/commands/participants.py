"""`skrt-hub participants`: who they are, and their log-ins; no file of theirs is ever touched."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import click

from skrt_hub.api import Hub
from skrt_hub.command_line.parameters import OneOf
from skrt_hub.commands.session import Session
from skrt_hub.errors import RefusedError, UsageError, nobody_called
from skrt_hub.login.names import NameRefusedError, normalised
from skrt_hub.policy.log_in import SHORTEST_PASSWORD
from skrt_hub.report import Message, Participant, ParticipantsReport
from skrt_hub.settings.model import Settings

HELP = "List the participants and manage how they log in; files are kept."
_PATIENCE = 8.0
_ACTIONS = {
    "list": "who there is, and how each logs in (the default)",
    "reset": "a new one-time code in place of the password; sessions end, the server goes on",
    "disable": "no log-in for the time being; sessions and server end",
    "enable": "log in again after `disable`",
    "remove": "take one out: no log-in any more, the name is locked, the home is kept",
    "unlock": "forget wrong tries, so that nobody has to wait",
    "password": "set a password, typed or on standard input",
    "forget": "the next log-in chooses a password; with codes the same as `reset`",
    "class-password": "set the class's word, typed or on standard input",
}


PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(
        ["action"],
        type=OneOf(tuple(_ACTIONS)),
        default="list",
        help="; ".join(f"{action}: {does}" for action, does in _ACTIONS.items()),
    ),
    click.Argument(["names"], nargs=-1, metavar="NAME", help="the participants"),
    click.Option(["--group"], metavar="GROUP", help="everybody of this group, in place of names"),
    click.Option(
        ["--free"], is_flag=True, help="with remove: move the home aside, so that the name can be given again"
    ),
)


@dataclass(frozen=True)
class Wish:
    """What is to be done with whom."""

    session: Session
    action: str
    names: tuple[str, ...]
    group: str | None
    free: bool

    @property
    def hub(self) -> Hub:
        return self.session.hub

    @property
    def settings(self) -> Settings:
        return self.session.context.settings


def run(
    session: Session, *, action: str, names: tuple[str, ...], group: str | None, free: bool
) -> ParticipantsReport | Message:
    """Carry the action out on the hub at hand, running or not."""
    actions: dict[str, Callable[[Wish], ParticipantsReport | Message]] = {
        "list": lambda wish: ParticipantsReport(_people(wish)),
        "reset": _reset,
        "disable": _disable,
        "enable": _enable,
        "remove": _remove,
        "unlock": _unlock,
        "password": _password,
        "forget": _forget,
        "class-password": _class_password,
    }
    return actions[action](Wish(session, action, names, group, free))


# What is done


def _reset(wish: Wish) -> Message:
    names = _known(wish)
    codes = wish.hub.reset_log_ins(names)
    lines = [f"{name}   {code}" for name, code in sorted(codes.items())]
    old = "The old password or code is void." if len(names) == 1 else "Old passwords and codes are void."
    return Message((*lines, f"{old} {_until_ended(wish, names)}", "Servers and files were not touched."))


def _disable(wish: Wish) -> Message:
    names = _known(wish)
    wish.hub.disable(names)
    ended = _until_ended(wish, names)
    return Message((f"No log-in any more for {_and(names)}. {ended} Files and passwords are kept.",))


def _enable(wish: Wish) -> Message:
    names = _known(wish)
    wish.hub.enable(names)
    return Message((f"{_and(names)} can log in again.",))


def _remove(wish: Wish) -> Message:
    lines: list[str] = []
    for name in _known(wish):
        lines += wish.hub.remove_participant(name, free=wish.free).lines
    return Message(tuple(lines))


def _unlock(wish: Wish) -> Message:
    names = _known(wish)
    wish.hub.unlock(names)
    return Message((f"Wrong tries are forgotten for {_and(names)}.",))


def _password(wish: Wish) -> Message:
    name = _only(wish)
    if wish.settings.participants:  # another name is a slip, and a password for it would let nobody in
        _ensure_known(wish, [name])
    wish.hub.set_password(name, _typed(f"New password for {name}"))
    return Message((f"The password of {name} is set. Their files were not touched.",))


def _forget(wish: Wish) -> Message:
    if wish.settings.login.kind == "codes":
        return _reset(wish)
    name = _only(wish)
    _ensure_known(wish, [name])
    if wish.hub.forget_password(name):
        return Message((f"The password of {name} is forgotten: whoever logs in first with this name chooses one.",))
    return Message((f"{name} has no password: whoever logs in first with this name chooses one.",))


def _class_password(wish: Wish) -> Message:
    wish.hub.set_class_password(_typed("The class's word"))
    return Message(("The class's word is set. Whoever has chosen a password already goes on with that.",))


# With whom


def _people(wish: Wish) -> tuple[Participant, ...]:
    group = wish.group
    wanted = {_usable(name) for name in wish.names}
    people = [who for who in wish.hub.participants() if group is None or who.group == group]
    return tuple(who for who in people if not wanted or who.name in wanted)


def _known(wish: Wish) -> list[str]:
    """The names that were given, or those of the group. Raises UnknownNameError, and UsageError where there is none."""
    if wish.group is not None:
        names = [who.name for who in wish.hub.participants() if who.group == wish.group]
        if not names:
            raise nobody_called(wish.group)
        return names
    names = [_usable(name) for name in wish.names]
    if not names:
        raise _missing(wish)
    _ensure_known(wish, names)
    return list(dict.fromkeys(names))


def _only(wish: Wish) -> str:
    if len(wish.names) != 1:
        raise _missing(wish)
    return _usable(wish.names[0])


def _missing(wish: Wish) -> UsageError:
    action = wish.action
    return UsageError("A name is missing.", remedy=f"Type for example: skrt-hub participants {action} anna")


def _ensure_known(wish: Wish, names: Iterable[str]) -> None:
    there = {who.name for who in wish.hub.participants()}
    for name in names:
        if name not in there:
            raise nobody_called(name)


def _usable(given: str) -> str:
    try:
        return normalised(given)
    except NameRefusedError as refused:
        raise UsageError(f"{given!r} is not a name that can log in.", why=str(refused)) from None


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _until_ended(wish: Wish, names: list[str]) -> str:
    """Wait for the hub to end what it was told to end; what has become of it, in words."""
    give_up = time.monotonic() + _PATIENCE
    while wish.hub.sessions_ending() & set(names):
        if time.monotonic() > give_up:
            return "Sessions end as soon as the hub runs."
        time.sleep(0.3)
    return "Sessions have ended."


def _typed(what: str) -> str:
    if sys.stdin.isatty():
        first = getpass.getpass(f"{what}: ")
        if getpass.getpass("The same again: ") != first:
            raise RefusedError("The two are not the same.", why="Nothing was changed.", remedy="Try again.")
    else:
        first = sys.stdin.readline().rstrip("\n")
    if len(first) < SHORTEST_PASSWORD:
        raise RefusedError(
            "The password is too short.", why=f"It needs at least {SHORTEST_PASSWORD} characters.", remedy="Try again."
        )
    return first
