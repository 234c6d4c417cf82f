"""Whose the names and homes are after `login` in hub.yaml changed: to an institution, back, or to another one.

A name keeps its home. What changes is by what its owner is known again, and that is said before anything happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from skrt_hub.errors import RefusedError
from skrt_hub.policy import institution, log_in
from skrt_hub.settings.model import Settings
from skrt_hub.settings.people import Listed, is_made

_SHOWN = 40
_NAMED = 8
Account = Mapping[str, Any]


@dataclass(frozen=True)
class Home:
    """A name that somebody used in another way than hub.yaml now says, and for whom it is now.

    `found`: somebody is known again as its owner. `other`: the list gives the name to somebody else.
    """

    name: str
    now_for: str
    found: bool = True
    other: bool = False

    @property
    def line(self) -> str:
        """As `check` shows it."""
        return f"{self.name}: {self.now_for}"


def homes(settings: Settings, accounts: Mapping[str, Account]) -> tuple[Home, ...]:
    """The names that were used in another way, from what the accounts tell (skrt_hub.login.requests, `all`)."""
    people = {person.login: person for person in settings.participants}
    rule = _at_institution if institution.used(settings) else _by_password
    found = (
        rule(settings, name, account, people.get(name))
        for name, account in sorted(accounts.items())
        if not (account.get("locked") or account.get("disabled"))
    )
    return tuple(home for home in found if home is not None)


def ensure_nobodys_is_given_away(settings: Settings, accounts: Mapping[str, Account]) -> None:
    """Raises RefusedError where somebody new on the list would get the home of another person of that name."""
    for home in homes(settings, accounts):
        if home.other:
            raise RefusedError(
                f"The name {home.name} on the list is that of somebody who logged in at an institution.",
                why=f"Whether both are one person cannot be seen: {home.now_for}.",
                remedy="If they are, write in the list the address that is known there (`email`), or `known_as`. "
                f"If not, give the new person another name there: `login: {home.name}2`",
            )


def ensure_all_found(settings: Settings, before: Settings | None, accounts: Mapping[str, Account]) -> tuple[str, ...]:
    """What `up` says of the homes when the log-in changes. Raises RefusedError where a home would be for nobody."""
    ensure_nobodys_is_given_away(settings, accounts)
    if before is None or institution.mark(before) == institution.mark(settings):
        return ()
    all_homes = homes(settings, accounts)
    lost = [home.name for home in all_homes if not home.found]
    if lost:
        theirs = f"the home{'s' * (len(lost) > 1)} of {_in_words(lost)}"
        raise RefusedError(
            f"The log-in changes, and nobody would get back {theirs}.",
            why=_why(settings),
            remedy=f"{_remedy(settings)}\nOr take out who does not come back; the home is kept: "
            f"skrt-hub participants remove {lost[0]}\nWho gets what, of everybody: skrt-hub check",
        )
    return tuple(f"Home from before, {home.line}" for home in all_homes[:_SHOWN])


def in_words(settings: Settings, accounts: Mapping[str, Account]) -> tuple[str, str]:
    """The table for `check`, and what to do where a home is for nobody; both empty where all is as before."""
    found = homes(settings, accounts)
    lines = [home.line for home in sorted(found, key=lambda home: home.found)]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    remedy = "" if all(home.found for home in found) else _remedy(settings)
    return "\n".join((*lines[:_SHOWN], *more)), remedy


def _at_institution(settings: Settings, name: str, account: Account, person: Listed | None) -> Home | None:
    identity = str(account.get("identity", ""))
    if not (identity or account.get("password")) or identity.startswith(institution.mark(settings)):
        return None
    there = settings.login.provider_name
    if person is not None and person.known_as:
        return Home(name, f"for whom {there} calls {person.known_as}")
    if person is not None and person.email and institution.tells_addresses(settings):
        return Home(name, f"for whoever proves {person.email} at {there}")
    return Home(name, "for nobody yet", found=False)


def _by_password(settings: Settings, name: str, account: Account, person: Listed | None) -> Home | None:
    if not account.get("identity"):
        return None
    if person is not None and not account.get("listed") and is_made(person) and not _same(person, account):
        return Home(name, f"it was {_described(account)}, the list has {_on_list(person)}", found=False, other=True)
    if account.get("password") or account.get("code"):
        return None
    how = "a new code" if settings.login.kind == "codes" else "a password that you set"
    if person is not None or name in log_in.listed(settings) or log_in.anyone(settings):
        return Home(name, f"for {account.get('shown') or name}, with {how}")
    return Home(name, "for nobody yet", found=False)


def _same(person: Listed, account: Account) -> bool:
    identity = str(account.get("identity", ""))
    if person.known_as:
        return identity.endswith(f" {person.known_as}")
    return bool(person.email) and person.email.lower() == str(account.get("email", "")).lower()


def _described(account: Account) -> str:
    return " ".join(filter(None, (account.get("shown"), account.get("email")))) or "somebody without a verified address"


def _on_list(person: Listed) -> str:
    return " ".join(filter(None, (person.name, person.email)))


def _why(settings: Settings) -> str:
    if institution.used(settings):
        there = settings.login.provider_name
        return f"Nothing says who they are at {there}; they would come in under a new name, with an empty home."
    return "Only listed people can log in, and they are not on the list."


def _remedy(settings: Settings) -> str:
    if institution.used(settings):
        return (
            "Write in the list for each by what they are known: `{login: NAME, email: ADDRESS}`, "
            "or `{login: NAME, known_as: WHAT THE PROVIDER CALLS THEM}`."
        )
    return "Put them on the list: skrt-hub participants add NAME --email ADDRESS"


def _in_words(names: Iterable[str]) -> str:
    all_names = list(names)
    more = f" and {len(all_names) - _NAMED} more" if len(all_names) > _NAMED else ""
    return f"{', '.join(all_names[:_NAMED])}{more}"
