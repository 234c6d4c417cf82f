"""`skrt-hub participants`: who they are, and their log-ins; only `erase` touches a file of theirs."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH, OneOf
from skrt_hub.commands import participants_list
from skrt_hub.commands.participants_list import Done, Wish, in_words, name_missing, usable
from skrt_hub.commands.participants_slips import ensure_codes, write_slips
from skrt_hub.commands.session import Session
from skrt_hub.errors import RefusedError, UsageError, nobody_called
from skrt_hub.policy import erasing
from skrt_hub.policy.log_in import SHORTEST_PASSWORD
from skrt_hub.report import Message, Participant, ParticipantsReport

HELP = "List the participants and manage how they log in; files are kept, except by `erase`."
_PATIENCE = 8.0
_ACTIONS = {
    "add": "put new ones on the list",
    "import": "put everybody in a table (CSV, XLSX) or list on the list; `-`: paste it; at a terminal it asks first",
    "sheet": "a page of slips with new codes for those who have not logged in",
    "list": "who there is, and how each logs in (the default)",
    "reset": "a new one-time code in place of the password, with `--to` as slips; sessions end, the server goes on",
    "disable": "no log-in for the time being; sessions and server end",
    "enable": "log in again after `disable`",
    "remove": "take one out: no log-in any more, the home is kept, its name locked; an unused name is forgotten",
    "erase": "remove one everywhere: home, saved copies, logs, account; nothing brings them back",
    "stop": "end the server and its kernels; files stay",
    "restart": "end the server and its kernels, and start it again",
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
    click.Option(
        ["--group"], metavar="GROUP", help="everybody of this group, in place of names; with add: their group"
    ),
    click.Option(["--email"], default="", metavar="ADDRESS", help="with add: the e-mail address of the new one"),
    click.Option(
        ["--to"], type=PATH, metavar="FILE", help="with sheet and reset: the slips' file, .pdf, .html or .json"
    ),
    click.Option(
        ["--free"], is_flag=True, help="with remove: move the home aside, so that the name can be given again"
    ),
    click.Option(["--confirm"], metavar="NAME", help="with erase: the participant's name, in place of the question"),
)


def run(
    session: Session,
    *,
    action: str,
    names: tuple[str, ...],
    group: str | None,
    email: str,
    to: Path | None,
    free: bool,
    confirm: str | None,
) -> Done:
    """Carry the action out on the hub at hand, running or not."""
    wish = Wish(session, action, names, group, free, email, to, confirm)
    given = {
        "--free": (wish.free, ("remove",)),
        "--to": (wish.to, ("sheet", "reset")),
        "--email": (wish.email, ("add",)),
        "--confirm": (wish.confirm, ("erase",)),
    }
    for option, (value, actions) in given.items():
        if value and action not in actions:
            raise UsageError(f"{option} goes with `participants {' or '.join(actions)}`.", remedy="Leave it out.")
    return _CARRIED_OUT[action](wish)


# What is done


def _sheet(wish: Wish) -> Done:
    if wish.to is None:
        raise UsageError(
            "Where shall the slips go?", remedy="Type for example: skrt-hub participants sheet --to slips.pdf"
        )
    ensure_codes(wish.settings)
    asked = wish.names or wish.group is not None
    ways = ("", "code", "institution")  # who came from an institution has no password here
    people = [who for who in _people(wish) if who.listed and who.log_in in ways and not who.password]
    if not people:
        who = "of these " if asked else ""
        raise RefusedError(
            f"Nobody {who}waits for a code: all have chosen a password, or nobody is listed.",
            remedy="A new code in place of a password: skrt-hub participants reset NAME --to slips.pdf",
        )
    codes = wish.hub.reset_log_ins([who.name for who in people])
    return write_slips(wish.hub, wish.to, people, codes)


def _reset(wish: Wish) -> Done:
    names = _known(wish)
    ensure_codes(wish.settings)
    codes = wish.hub.reset_log_ins(names)
    old = "The old password or code is void." if len(names) == 1 else "Old passwords and codes are void."
    told = (f"{old} {_until_ended(wish, names)}", "Servers and files were not touched.")
    if wish.to is not None:
        people = [who for who in wish.hub.participants() if who.name in codes]
        return Message((*write_slips(wish.hub, wish.to, people, codes).lines, *told))
    return Message((*(f"{name}   {code}" for name, code in sorted(codes.items())), *told))


def _disable(wish: Wish) -> Message:
    names = _known(wish)
    wish.hub.disable(names)
    ended = _until_ended(wish, names)
    return Message((f"No log-in any more for {in_words(names)}. {ended} Files and passwords are kept.",))


def _enable(wish: Wish) -> Message:
    names = _known(wish)
    before = {who.name: who.log_in for who in wish.hub.participants()}
    wish.hub.enable(names)
    off = [name for name in names if before.get(name) == "disabled"]
    out = [name for name in names if before.get(name) == "locked"]
    as_before = len(names) - len(off) - len(out)
    lines = [f"{in_words(off)} can log in again."] if off else []
    if as_before:
        lines.append(f"Not disabled, so nothing changed: {as_before} of {len(names)}.")
    if out:
        again = "reset" if wish.settings.login.kind == "codes" else "password"
        lines.append(f"Taken out, and still so: {in_words(out)}. To let in: skrt-hub participants {again} {out[0]}")
    return Message(tuple(lines))


def _remove(wish: Wish) -> Done:
    lines: list[str] = []
    names = _known(wish)
    for name in names:
        lines += wish.hub.remove_participant(name, free=wish.free).lines
    file = wish.hub.take_off_list(names)
    return Message((*lines, *([f"Taken off the list in {file}."] if file is not None else [])))


def _erase(wish: Wish) -> Message:
    """Also a name that the hub does not know any more: a place of saved copies may not have been reached before."""
    name = _only(wish)
    for line in wish.hub.erasing_plan(name):
        wish.session.show(line)
    question = f"Type the participant's name ({name}) to erase them; nothing brings the work back: "
    erasing.ensure_confirmed(name, wish.confirm or wish.session.ask(question))
    return wish.hub.erase_participant(name)


def _stop(wish: Wish) -> Message:
    names = _known(wish)
    for name in names:
        wish.hub.stop_server(name)
    return Message((f"No server runs any more for {in_words(names)}. Files were not touched.",))


def _restart(wish: Wish) -> Message:
    names = _known(wish)
    for name in names:
        wish.hub.restart_server(name)
    return Message((f"The server starts again: {in_words(names)}. Files were not touched.",))


def _unlock(wish: Wish) -> Message:
    names = _known(wish)
    wish.hub.unlock(names)
    return Message((f"Wrong tries are forgotten for {in_words(names)}.",))


def _password(wish: Wish) -> Message:
    name = _only(wish)
    if wish.settings.participants:  # another name is a slip, and a password for it would let nobody in
        _ensure_known(wish, [name])
    wish.hub.set_password(name, _typed(f"New password for {name}"))
    return Message((f"The password of {name} is set. Their files were not touched.",))


def _forget(wish: Wish) -> Done:
    _ensure_not_taken_out(wish)
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


_CARRIED_OUT: dict[str, Callable[[Wish], Done]] = {
    "list": lambda wish: ParticipantsReport(_people(wish)),
    "add": participants_list.add,
    "import": participants_list.import_list,
    "sheet": _sheet,
    "reset": _reset,
    "disable": _disable,
    "enable": _enable,
    "remove": _remove,
    "erase": _erase,
    "stop": _stop,
    "restart": _restart,
    "unlock": _unlock,
    "password": _password,
    "forget": _forget,
    "class-password": _class_password,
}


# With whom


def _people(wish: Wish) -> tuple[Participant, ...]:
    group = wish.group
    wanted = {usable(name) for name in wish.names}
    people = [who for who in wish.hub.participants() if group is None or who.group == group]
    return tuple(who for who in people if not wanted or who.name in wanted)


def _known(wish: Wish) -> list[str]:
    """The names that were given, or those of the group. Raises UnknownNameError, and UsageError where there is none."""
    if wish.group is not None:
        # Nobody who was taken out comes back with a group: that needs their name.
        group = [who for who in wish.hub.participants() if who.group == wish.group]
        names = [who.name for who in group if who.log_in != "locked"]
        if not names:
            raise nobody_called(wish.group)
        return names
    names = [usable(name) for name in wish.names]
    if not names:
        raise name_missing(wish)
    _ensure_known(wish, names)
    return list(dict.fromkeys(names))


def _only(wish: Wish) -> str:
    if len(wish.names) != 1:
        raise name_missing(wish)
    return usable(wish.names[0])


def _ensure_known(wish: Wish, names: Iterable[str]) -> None:
    there = {who.name for who in wish.hub.participants()}
    for name in names:
        if name not in there:
            raise nobody_called(name)


def _ensure_not_taken_out(wish: Wish) -> None:
    asked = {usable(name) for name in wish.names}
    locked = sorted(who.name for who in wish.hub.participants() if who.name in asked and who.log_in == "locked")
    if locked:
        again = "reset" if wish.settings.login.kind == "codes" else "password"
        raise RefusedError(
            f"{in_words(locked)} was taken out.",
            why="The name is locked: with a forgotten password, whoever came first could take it. Nothing was changed.",
            remedy=f"To let them in again: skrt-hub participants {again} {locked[0]}\n"
            f"To give the name to somebody else: skrt-hub participants remove --free {locked[0]}",
        )


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
