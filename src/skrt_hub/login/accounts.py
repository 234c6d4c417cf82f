"""The accounts of one hub: who there is, with what they log in, and every change of it.

There are hashes in them, and no passwords or codes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from . import codes, secret_text
from .accounts_file import AccountsFile
from .notes import Notes

Entry = dict[str, Any]
T = TypeVar("T")
SESSIONS, SERVER = "sessions", "server"
_SECRETS = ("hash", "salt", "n", "r", "p", "code", "locked")
_DECIDED = {"hash", "locked", "code", "identity"}
"""Who has one of these is somebody: nobody else can take the name by choosing a password."""
_SAVED = {*_SECRETS, "identity", "disabled", "shown", "email", "group"}


@dataclass(frozen=True)
class Person:
    """One entry of a list of participants: the name to log in with, and what is shown beside it."""

    name: str
    shown: str = ""
    email: str = ""
    group: str = ""
    role: str = ""
    known_as: str = ""


@dataclass(frozen=True)
class Change:
    """What a new list of participants changed."""

    new: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """What somebody showed: `right` (the password), `code` (a valid one), `wrong`, or `new` (there is nothing yet).

    `own`: it was made for this name, and is not what everybody has. `hashed`: what is kept of it where it is new.
    """

    kind: str
    mark: str = ""
    own: bool = True
    hashed: Entry | None = field(default=None, repr=False)


class Accounts:
    """The accounts file of one hub, and every change that can be made to it."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._kept = AccountsFile(file)
        self._clock = clock

    # What it says

    def all(self) -> dict[str, Entry]:
        """Every entry by name."""
        return dict(self._kept.document()["accounts"])

    def find(self, name: str) -> Entry | None:
        """The entry of a name; reads the file only where it changed."""
        found: Entry | None = self._kept.document()["accounts"].get(name)
        return found

    def names(self) -> list[str]:
        """Every name that has a password."""
        return sorted(name for name, entry in self.all().items() if "hash" in entry)

    def check(self, name: str, secret: str) -> bool | None:
        """Whether the password is right; None when the name has none yet."""
        entry = self.find(name)
        if entry is None or not (_DECIDED & set(entry)):
            return None
        return "hash" in entry and secret_text.matches(secret, entry)

    def examine(self, name: str, secret: str, *, class_password: bool = False) -> Proof:
        """What `secret` is for this name; `class_password`: whether the class's word counts.

        One hash is made in every case, so the time that it takes tells nothing.
        """
        entry = self.find(name) or {}
        if "hash" in entry:
            return Proof("right" if secret_text.matches(secret, entry) else "wrong")
        class_word = self._kept.document().get("class_password") if class_password else None
        taken = bool(_DECIDED & set(entry))
        kept = entry.get("code") or (None if taken else class_word)
        if not (taken or kept):
            return Proof("new", hashed=secret_text.hashed(secret))
        right = secret_text.matches(codes.plain(secret), kept or secret_text.NOBODYS)
        if kept is not None and right:
            return Proof("code", kept["salt"], own="code" in entry)
        return Proof("wrong")

    def decided(self) -> set[str]:
        """Every name of which it is known how it logs in, if only that its next log-in chooses a password."""
        return {name for name, entry in self.all().items() if {*_SECRETS, "open", "identity"} & set(entry)}

    def notes(self) -> dict[str, Any]:
        """What the hub last wrote down for `status`; see notes.py."""
        return Notes(self._file).read()

    @property
    def closed(self) -> bool:
        """Whether the hub is closed for participants."""
        return _closed_file(self._file).exists()

    # Changes by their owners

    def add(self, name: str, password: str, hashed: Entry | None = None) -> bool:
        """Give a new name its password, of which `examine` has the hash; False when somebody else was first."""
        kept = hashed or secret_text.hashed(password)
        with self._kept.changing() as document:
            entry = document["accounts"].get(name, {})
            if _DECIDED & set(entry):
                return False
            document["accounts"][name] = {**without_secrets(entry), **kept}
        return True

    def claim(self, name: str, mark: str, password: str) -> bool:
        """Use up the code that `examine` marked, and set the password; False when that code is void by now."""
        kept = secret_text.hashed(password)
        with self._kept.changing() as document:
            entry = document["accounts"].get(name, {})
            void = {"hash", "locked"} & set(entry)
            valid = entry.get("code") or (None if "identity" in entry else document.get("class_password"))
            if void or valid is None or valid["salt"] != mark:
                return False
            document["accounts"][name] = {**without_secrets(entry), **kept}
        return True

    def set(self, name: str, password: str) -> None:
        """Give a name a password in place of what it has; whoever is logged in with the old one is logged out."""
        kept = secret_text.hashed(password)
        with self._kept.changing() as document:
            entry = document["accounts"].get(name, {})
            document["accounts"][name] = {**self._ended(without_secrets(entry), SESSIONS), "listed": True, **kept}

    # Changes by organisers

    def issue(self, names: Iterable[str]) -> dict[str, str]:
        """New codes for these names, in place of the password or code that they have. Sessions end, servers stay."""
        made = {name: codes.new_code() for name in names}
        with ThreadPoolExecutor() as pool:  # hashing is slow on purpose, and lets go of Python meanwhile
            kept = dict(zip(made, pool.map(secret_text.hashed, map(codes.plain, made.values())), strict=True))
        with self._kept.changing() as document:
            for name, code in kept.items():
                entry = document["accounts"].get(name, {})
                ended = self._ended(entry, SESSIONS) if "hash" in entry else entry
                document["accounts"][name] = {**without_secrets(ended), "listed": True, "code": code}
        return made

    def set_class_password(self, word: str) -> None:
        """The word with which names that have no password yet are taken."""
        kept = secret_text.hashed(codes.plain(word))
        with self._kept.changing() as document:
            document["class_password"] = kept

    def forget(self, name: str) -> bool:
        """Let the next log-in with the name choose a password, also where it has a home; False when it had none.

        A name that was taken out stays locked: whoever came first could take it.
        """
        with self._kept.changing() as document:
            entry = document["accounts"].get(name, {})
            if entry.get("locked"):
                return False
            had = bool({*_SECRETS, "identity"} & set(entry))
            ended = self._ended(entry, SESSIONS) if had else entry
            kept = {key: value for key, value in without_secrets(ended).items() if key not in ("identity", "admitted")}
            document["accounts"][name] = {**kept, "open": True}
        return had

    def lock(self, name: str) -> None:
        """Take a name out: nobody can log in with it, or take it. Its server and its sessions end."""
        with self._kept.changing() as document:
            entry = without_secrets(document["accounts"].get(name, {}))
            document["accounts"][name] = {**self._ended(entry, SERVER), "locked": True, "listed": False}

    def free(self, name: str) -> None:
        """Forget all about a name, so that it can be given to somebody else."""
        with self._kept.changing() as document:
            document["accounts"].pop(name, None)

    def disable(self, names: Iterable[str]) -> None:
        """Keep these names out for the time being; passwords are kept. Servers and sessions end."""
        with self._kept.changing() as document:
            for name in names:
                entry = document["accounts"].get(name, {})
                document["accounts"][name] = {**self._ended(entry, SERVER), "disabled": True}

    def enable(self, names: Iterable[str]) -> None:
        """Let these names in again."""
        with self._kept.changing() as document:
            for name in names:
                document["accounts"].get(name, {}).pop("disabled", None)

    def unlock(self, names: Iterable[str]) -> None:
        """Have the hub forget the wrong tries at these names."""
        with self._kept.changing() as document:
            for name in names:
                document["accounts"].setdefault(name, {})["unbrake"] = self._clock()

    def take_list(self, people: Iterable[Person], *, anyone: bool) -> Change:
        """Make the accounts follow a list of participants: who is new on it, and who is no longer.

        Nobody's password is touched. Who is taken off the list is logged out, unless `anyone` may log in.
        """
        listed = {person.name: person for person in people}
        with self._kept.changing() as document:
            accounts: dict[str, Entry] = document["accounts"]
            before = {name for name, entry in accounts.items() if entry.get("listed")}
            for name, person in listed.items():
                # Who was taken out stays locked, also on a list: only a new code or password lets them in again.
                accounts[name] = {**accounts.get(name, {}), **_described(person), "listed": True}
            gone = () if anyone else tuple(sorted(before - set(listed)))
            for name, entry in accounts.items():
                if name not in listed:
                    accounts[name] = {**entry, "listed": False, "role": ""}
            for name in gone:
                accounts[name] = self._ended(accounts[name], SERVER)
        return Change(tuple(sorted(set(listed) - before)), gone)

    def set_closed(self, closed: bool) -> None:
        """Close the hub for participants, or open it; a mark that needs no room, also where the disk is full."""
        if closed:
            _closed_file(self._file).touch(mode=0o600)
        else:
            _closed_file(self._file).unlink(missing_ok=True)

    def take_up(self, saved: Mapping[str, Any]) -> int:
        """Take up saved entries of names that have no password and no code here; how many those were."""
        with self._kept.changing() as document:
            accounts: dict[str, Entry] = document["accounts"]
            free = [name for name in saved if not ({*_SECRETS, "identity"} & set(accounts.get(name, {})))]
            for name in free:
                accounts[name] = {
                    **accounts.get(name, {}),
                    **{key: saved[name][key] for key in _SAVED & set(saved[name])},
                }
        return len(free)

    def update(self, change: Callable[[dict[str, Entry]], T]) -> T:
        """Whatever `change` does to the entries, at once; the file is written only where that is something."""
        entries = self.all()
        answer = change(entries)
        if entries == self.all():
            return answer
        with self._kept.changing() as document:
            return change(document["accounts"])

    def whole(self) -> None:
        """Raises AccountsDamagedError where the file is damaged."""
        self._kept.document()

    def end_log_ins(self, is_over: Callable[[Entry], bool]) -> None:
        """End the sessions of everybody whose log-in elsewhere is over, once; servers stay."""

        def change(entries: dict[str, Entry]) -> None:
            for name, entry in entries.items():
                if {"hash", "identity"} & set(entry) and entry.get("logged_in") != 0 and is_over(entry):
                    entries[name] = {**self._ended(entry, SESSIONS), "logged_in": 0}

        self.update(change)

    # What the hub does about it

    def to_end(self) -> dict[str, str]:
        """The names whose sessions, or whose sessions and server, have to end."""
        return {name: entry["end"] for name, entry in self._kept.document()["accounts"].items() if "end" in entry}

    def ended(self, name: str, since: float) -> None:
        """The sessions that were to end at `since` have ended."""
        with self._kept.changing() as document:
            entry = document["accounts"].get(name, {})
            if entry.get("since") == since:
                entry.pop("end", None)

    def _ended(self, entry: Entry, what: str) -> Entry:
        """The entry with the order to end its sessions; one that still waits for the server's end keeps that."""
        return {**entry, "end": SERVER if entry.get("end") == SERVER else what, "since": self._clock()}


def _closed_file(accounts: Path) -> Path:
    return accounts.with_name("closed")


def without_secrets(entry: Mapping[str, Any]) -> Entry:
    """An entry without its password, code or lock."""
    return {key: value for key, value in entry.items() if key not in (*_SECRETS, "open")}


def _described(person: Person) -> dict[str, str]:
    described = {"shown": person.shown, "email": person.email, "group": person.group, "role": person.role}
    return {**described, "known_as": person.known_as}
