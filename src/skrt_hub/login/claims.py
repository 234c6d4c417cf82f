"""What a log-in provider (OpenID Connect) says of somebody, and what that means here: rules alone, for both targets.

Who somebody is, is the provider's own lasting mark for them (`sub`). Names and e-mail addresses change, and people can
choose some of them, so those never decide alone whose home it is: an address counts only where the provider verified
it, and only for a listed name that nobody has taken yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .names import NameRefusedError, free, normalised, proposed

ORGANISER, PARTICIPANT = "organiser", "participant"
_LONGEST = 200


class ClaimsError(ValueError):
    """What the provider said cannot be used; the text is for the log."""


@dataclass(frozen=True)
class Rule:
    """Who may come in by what the provider says; who is listed may come in besides.

    `everyone`: whoever can log in there. `name_claim`: the claim that names people, which they cannot choose.
    `other_groups`: groups that let nobody in, and are asked for and noted all the same (sharing.py).
    """

    everyone: bool = False
    participant_groups: tuple[str, ...] = ()
    organiser_groups: tuple[str, ...] = ()
    groups_claim: str = "groups"
    name_claim: str = ""
    other_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Rule:
        """The rule that these values of the hub's configuration make."""
        given: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in values.items()}
        return cls(**given)

    @property
    def stamp(self) -> str:
        """Changes with the rule: what was decided by another one counts no more."""
        deciding = {key: value for key, value in asdict(self).items() if key != "other_groups"}
        return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def groups(self) -> tuple[str, ...]:
        """Every group of which it matters whether somebody is in it."""
        return tuple(dict.fromkeys((*self.participant_groups, *self.organiser_groups, *self.other_groups)))


@dataclass(frozen=True)
class Visitor:
    """Somebody as the provider describes them. `email`: verified, or empty; `named`: what `name_claim` says."""

    provider: str
    subject: str
    shown: str
    email: str
    named: str
    groups: frozenset[str]
    wish: str

    @property
    def identity(self) -> str:
        """Who they are, for good: the provider, and its lasting mark for them."""
        return f"{self.provider} {self.subject}"


def joined(told: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    """What the provider says in both of its answers; whether an address is verified is said of the one beside it."""
    first = {key: value for key, value in told.items() if key != "email_verified" or "email" not in described}
    return {**first, **described}


def visitor(issuer: str, claims: Mapping[str, Any], rule: Rule) -> Visitor:
    """Who this is. Raises ClaimsError."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.strip():
        raise ClaimsError("it named nobody (no `sub`)")
    email = _text(claims, "email")
    said = claims.get("email_verified")
    verified = said is True or said == "true"  # some providers write it as a word
    return Visitor(
        provider=issuer,
        subject=subject,
        shown=_text(claims, "name") or _text(claims, "preferred_username") or (email if verified else ""),
        email=address(email) if verified else "",
        named=usable(claims.get(rule.name_claim)) if rule.name_claim else "",
        groups=frozenset(_groups(claims, rule.groups_claim)),
        wish=_wish(claims),
    )


def admitted(who: Visitor, rule: Rule) -> str:
    """What they are by the provider's word alone: ORGANISER, PARTICIPANT or nothing."""
    if who.groups & set(rule.organiser_groups):
        return ORGANISER
    return PARTICIPANT if rule.everyone or who.groups & set(rule.participant_groups) else ""


def take_in(
    who: Visitor, rule: Rule, accounts: dict[str, dict[str, Any]], is_taken: Callable[[str], bool], now: float
) -> str | None:
    """The name here of whoever logs in `now`, noted in `accounts`; None for somebody whom nothing lets in.

    The one that they had before; else the listed one that is theirs; else, where a group or `everyone` lets them in, a
    new one. `is_taken` tells of names that have something here without an account, such as a home.
    """
    role = admitted(who, rule)
    name = _had(who, accounts) or _listed_as(who, accounts)
    if name is None:
        if not role:
            return None
        name = free(_possible(who.wish), lambda wanted: wanted in accounts or is_taken(wanted))
    entry = accounts.get(name, {})
    noted = {"shown": entry.get("shown") or who.shown, "email": entry.get("email") or who.email}
    said = {"as": role, "by": rule.stamp, "groups": sorted(who.groups & set(rule.other_groups))}
    by_rule = {"identity": who.identity, "admitted": said, "logged_in": now}
    accounts[name] = {**entry, **noted, **by_rule}
    return name


def is_over(entry: Mapping[str, Any], lasts: float, now: float) -> bool:
    """Whether this account's last log-in elsewhere is longer ago than a session lasts."""
    return bool(entry.get("logged_in", 0) + lasts <= now)


def admitted_as(entry: Mapping[str, Any]) -> str:
    """What the provider's word at the last log-in made of this account."""
    return str((entry.get("admitted") or {}).get("as", ""))


def drop_others(accounts: dict[str, dict[str, Any]], stamp: str) -> None:
    """Forget what another rule than this one decided; without a stamp, what any did."""
    for name, entry in accounts.items():
        if "admitted" in entry and entry["admitted"].get("by") != stamp:
            accounts[name] = {key: value for key, value in entry.items() if key != "admitted"}


def _had(who: Visitor, accounts: Mapping[str, Mapping[str, Any]]) -> str | None:
    return next((name for name, entry in accounts.items() if entry.get("identity") == who.identity), None)


def _listed_as(who: Visitor, accounts: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The one listed name that is this person's: by the list's `known_as`, else by a verified address, or by a name
    that they could not choose. A name that has something from before is found by no name, which may be another's.
    """
    mark = f"{who.provider} "
    open_ones = {
        name: entry
        for name, entry in accounts.items()
        if entry.get("listed") and not str(entry.get("identity", "")).startswith(mark)
    }
    calls = {who.subject, who.named} - {""}
    theirs = [name for name, entry in open_ones.items() if entry.get("known_as") in calls]
    if not theirs:
        unknown = {name: entry for name, entry in open_ones.items() if not entry.get("known_as")}
        if who.named in unknown and not {"identity", "hash"} & set(unknown[who.named]):
            return who.named
        theirs = [name for name, entry in unknown.items() if who.email and who.email in _addresses(name, entry)]
    return theirs[0] if len(theirs) == 1 else None


def _addresses(name: str, entry: Mapping[str, Any]) -> Iterable[str]:
    return (address(str(entry.get("email", ""))), name)


def address(email: str) -> str:
    """One spelling of an address. Other letters than ASCII's stay: the sign for kelvin would become a k."""
    return email.lower() if email.isascii() else email


def _possible(wish: str) -> str:
    try:
        return normalised(wish[:80])
    except NameRefusedError:
        return "guest"


def _wish(claims: Mapping[str, Any]) -> str:
    """A name that can be read; it decides nothing, so what people chose themselves is good enough."""
    given = " ".join(filter(None, (_text(claims, "given_name"), _text(claims, "family_name"))))
    return proposed(
        given or _text(claims, "name"), _text(claims, "email"), _text(claims, "preferred_username").partition("@")[0]
    )


def usable(name: object) -> str:
    """The name that is meant; nothing where two of the provider would be one here (as one with wide letters)."""
    if not isinstance(name, str):
        return ""
    try:
        found = normalised(name)
    except NameRefusedError:
        return ""
    return found if found == (name.lower() if name.isascii() else name) else ""


def _text(claims: Mapping[str, Any], key: str) -> str:
    value = claims.get(key)
    return " ".join(value.split())[:_LONGEST] if isinstance(value, str) else ""


def _groups(claims: Mapping[str, Any], path: str) -> list[str]:
    """The groups at this claim; dots lead into it, as in `realm_access.roles`."""
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
