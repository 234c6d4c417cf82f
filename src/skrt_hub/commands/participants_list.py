"""`skrt-hub participants add` and `import`: who is new on the list, and what is done with whom."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.api import Hub
from skrt_hub.commands.session import Session
from skrt_hub.errors import RefusedError, UsageError
from skrt_hub.login.names import NameRefusedError, normalised
from skrt_hub.report import Message, ParticipantsReport
from skrt_hub.settings.model import Settings
from skrt_hub.settings.pasted import address_in
from skrt_hub.settings.people import Listed, read_list

_SHOWN = 12
Done = ParticipantsReport | Message


@dataclass(frozen=True)
class Wish:
    """What is to be done with whom."""

    session: Session
    action: str
    names: tuple[str, ...]
    group: str | None
    free: bool
    email: str = ""
    to: Path | None = None
    confirm: str | None = None

    @property
    def hub(self) -> Hub:
        return self.session.hub

    @property
    def settings(self) -> Settings:
        return self.session.context.settings


def add(wish: Wish) -> Done:
    if not wish.names:
        raise name_missing(wish)
    people = [
        Listed(login=usable(name), email=wish.email, group=wish.group or "")
        if " " not in name.strip()
        else _described(wish, name)
        for name in wish.names
    ]
    again = [person.login for person in people if person.login in wish.settings.names]
    if again:
        raise RefusedError(
            f"{in_words(again)} is on the list already." if len(again) == 1 else f"{in_words(again)} are on the list."
        )
    return _added(wish, people)


def _described(wish: Wish, given: str) -> Listed:
    """Of a person's own name, with or without an address as mail programs write it."""
    try:
        name, email = address_in(given) if "@" in given else (given, "")
    except ValueError as error:
        raise UsageError(f"{given!r} is not one person.", why=f"{error}.".capitalize()) from None
    return Listed(name=name, email=wish.email or email, group=wish.group or "")


def import_list(wish: Wish) -> Done:
    """Add who is new; ask about those who are missing; rename nobody."""
    if len(wish.names) != 1:
        raise UsageError("A file is missing.", remedy="Type for example: skrt-hub participants import class.csv")
    people = [
        person.model_copy(update={"group": person.group or wish.group or ""})
        for person in _read_people(wish, wish.names[0])
    ]
    if not people:
        raise RefusedError("Nobody is listed there.", why="Nothing was changed.")
    now = wish.settings.participants
    known = wish.hub.named(_each_once(people))
    new = [person for person in known if person.login not in wish.settings.names]
    if new and not _agreed(wish, new):
        return Message(("Nothing was changed.",))
    done = _added(wish, new, shown=not wish.session.as_json) if new else Message(("Nobody is new.",))
    missing = sorted({who.login for who in now if wish.group in (None, who.group)} - {who.login for who in known})
    return Message((*done.lines, *_ask_about(wish, missing)))


def _each_once(people: list[Listed]) -> list[Listed]:
    """Who stands twice in a list of addresses, word for word, is one person."""
    return [one for number, one in enumerate(people) if not one.email or one not in people[:number]]


def _agreed(wish: Wish, new: list[Listed]) -> bool:
    """Show who would come onto the list; whoever sits at a terminal can still say no."""
    wish.session.show(f"New: {len(new)}, with the name that each logs in with.")
    for line in _in_lines(new):
        wish.session.show(f"  {line}")
    answer = wish.session.ask("Put them on the list? [Y/n] ")
    return (answer or "").strip().lower() in ("", "y", "yes")


def _in_lines(people: Iterable[Listed]) -> list[str]:
    return ["   ".join(filter(None, (who.login, who.name, who.email))) for who in people]


def _read_people(wish: Wish, where: str) -> list[Listed]:
    name = "What was pasted" if where == "-" else where
    try:
        return read_list(_pasted(wish) if where == "-" else Path(where).read_bytes(), what=name)
    except OSError as error:
        raise UsageError(f"{where} cannot be read.", why=f"{error.strerror}.") from None
    except ValueError as error:
        raise UsageError(
            f"{name} cannot be used.", why=str(error), remedy="Correct that; nothing was changed."
        ) from None


def _pasted(wish: Wish) -> bytes:
    """What comes on standard input; whoever sits there is told how to end it."""
    if sys.stdin.isatty() and not wish.session.as_json:
        wish.session.show("Paste the list, a line for each person. Then press Enter and Ctrl-D.")
    return sys.stdin.buffer.read()


def _ask_about(wish: Wish, missing: list[str]) -> list[str]:
    if not missing:
        return []
    say = f"On the list, and not in this file: {in_words(missing)}."
    answer = wish.session.ask(f"{say} Disable them? Files and passwords are kept. [y/N] ")
    if (answer or "").strip().lower() not in ("y", "yes"):
        return [f"{say} They stay as they are; to keep them out: skrt-hub participants disable NAME"]
    wish.hub.disable(missing)
    return [f"Disabled: {in_words(missing)}."]


def _added(wish: Wish, people: list[Listed], *, shown: bool = False) -> Message:
    before = set(wish.settings.names)
    file = wish.hub.add_participants(people)
    new = [who for who in wish.hub.context.settings.participants if who.login not in before]
    lines = [] if shown else _in_lines(new[:_SHOWN])
    more = [f"... and {len(new) - _SHOWN} more"] if len(new) > _SHOWN and not shown else []
    how = "Make their slips with: skrt-hub participants sheet --to slips.pdf"
    last = [how] if wish.hub.context.settings.login.kind == "codes" else []
    return Message((f"New on the list in {file}: {len(new)}.", *lines, *more, *last))


def usable(given: str) -> str:
    try:
        return normalised(given)
    except NameRefusedError as refused:
        raise UsageError(f"{given!r} is not a name that can log in.", why=str(refused)) from None


def in_words(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def name_missing(wish: Wish) -> UsageError:
    action = wish.action
    return UsageError("A name is missing.", remedy=f"Type for example: skrt-hub participants {action} anna")
