"""Who may log in, and how: one rule for both targets, as traits of JupyterHub and as words for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from skrt_hub.login.accounts import Person
from skrt_hub.login.claims import ORGANISER
from skrt_hub.login.organisers import HELPER
from skrt_hub.policy import institution, managers_found
from skrt_hub.settings.login import ELSEWHERE
from skrt_hub.settings.model import Settings

SHORTEST_PASSWORD = 8
"""Fewest characters of a password that somebody chooses."""


BELIEVED = 3
"""Seconds for which a participant's server believes a log-in without asking the hub."""


def listed(settings: Settings) -> frozenset[str]:
    """Every name in hub.yaml."""
    return frozenset((*settings.names, *settings.organisers, *settings.helpers))


def anyone(settings: Settings) -> bool:
    """Whether a name that is not in hub.yaml may be taken by its first user."""
    return not settings.participants and settings.login.kind not in ("codes", *ELSEWHERE)  # there, no list means nobody


def people(settings: Settings) -> tuple[Person, ...]:
    """Everybody whom hub.yaml names, as the accounts note them."""
    roles = {**dict.fromkeys(settings.helpers, HELPER), **dict.fromkeys(settings.organisers, ORGANISER)}
    described = {
        who.login: Person(who.login, who.name, who.email, who.group, known_as=who.known_as)
        for who in settings.participants
    }
    people = [described.get(name) or Person(name) for name in dict.fromkeys((*roles, *described))]
    return tuple(replace(person, role=roles.get(person.name, "")) for person in people)


def authenticator(settings: Settings) -> tuple[str, str]:
    """The module of the log-in, and the class in it, that JupyterHub uses."""
    if institution.used(settings):
        return institution.authenticator(settings)
    return "authenticator", "AccountsAuthenticator"


def traits(settings: Settings, logo: str = "", secret_file: str = "") -> dict[str, dict[str, Any]]:
    """What JupyterHub's authenticator is told, by class; plain data, which fits a chart's values too.

    `logo` is where the hub finds the picture of its log-in page, `secret_file` what a log-in provider gave it.
    """
    elsewhere = institution.traits(settings, secret_file) if institution.used(settings) else {}
    return {
        **({authenticator(settings)[1]: elsewhere, "JupyterHub": _sessions(settings)} if elsewhere else {}),
        # Who is on the list is in the accounts file, so that a change of it needs no restart of the hub.
        "AccountsAuthenticator": {
            "kind": settings.login.kind,
            "anyone": anyone(settings),
            "shortest_password": SHORTEST_PASSWORD,
            "look": look(settings, logo),
        },
        # A server asks the hub again who a visitor is, so that a log-in that ended is not believed for long.
        "Spawner": {"args": [f"--HubAuth.cache_max_age={BELIEVED}"]},
    }


def _sessions(settings: Settings) -> dict[str, Any]:
    """How long each browser stays logged in; the hub also ends what was begun with a log-in (login/elsewhere.py)."""
    return {"cookie_max_age_days": settings.login.session / 86400}


def look(settings: Settings, logo: str) -> dict[str, Any]:
    """What the log-in pages look like; the words of more languages are read here, and go where the hub is."""
    page = settings.page
    words = {code: json.loads(file.read_text(encoding="utf-8")) for code, file in page.languages.items()}
    return {"title": page.title, "text": page.text, "logo": logo, "colour": page.colour, "languages": words}


def for_managers(
    settings: Settings, ask: Callable[..., Any], known: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[str, ...]:
    """With codes, organisers who have nothing to log in with yet get a code at the terminal; the lines that say so.
    With accounts elsewhere, the lines of those whom nothing tells from others there.

    `ask` asks the accounts (skrt_hub.login.requests), `known` is what they told of all already.
    """
    if institution.used(settings) and (settings.organisers or settings.helpers):
        names = managers_found.never(settings, ask("all") if known is None else known)
        return (". ".join(managers_found.in_words(settings, names)),) if names else ()
    if settings.login.kind != "codes" or not settings.organisers:
        return ()
    known = ask("all") if known is None else known
    waiting = [name for name in settings.organisers if not {"password", "code", "locked"} & _held(known.get(name, {}))]
    codes = ask("issue", waiting) if waiting else {}
    return tuple(
        f"First log-in of the organiser {name}, with the code: {code}   (a new one: skrt-hub participants reset {name})"
        for name, code in codes.items()
    )


def _held(account: Mapping[str, Any]) -> set[str]:
    return {key for key, value in account.items() if value}


def notes(told: Mapping[str, Any]) -> tuple[str, ...]:
    """What `status` says of the log-in, by what the hub wrote down (login/notes.py)."""
    return tuple(filter(None, (told["trouble"], under_attack(told["attempts"]))))


def under_attack(attempts: Mapping[str, Mapping[str, int]]) -> str:
    """What `status` says of names that are being guessed at, or nothing."""
    if not attempts:
        return ""
    named = ", ".join(
        f"{name} ({seen['tries']} from {seen['places']} place{'s' * (seen['places'] != 1)})"
        for name, seen in sorted(attempts.items())[:5]
    )
    more = f" and {len(attempts) - 5} more" if len(attempts) > 5 else ""
    return f"Wrong passwords are being tried for {named}{more}. Whoever has to wait: skrt-hub participants unlock NAME"


def how_to_log_in(settings: Settings) -> str:
    """What `up` says at its end."""
    count = len(settings.participants)
    if institution.used(settings):
        return "\n".join(institution.in_words(settings))
    if settings.login.kind == "codes":
        who = {0: "Nobody is listed yet", 1: "The listed name"}.get(count, f"The {count} listed names")
        return (
            f"{who}: each logs in with a one-time code, and then with a password of their own."
            if count
            else (f"{who}, so nobody can log in: write `participants` in hub.yaml, then run `skrt-hub up`.")
        )
    if settings.login.kind == "class-password" and not count:
        return "Log in with any new name and the class's word; then choose a password of your own."
    if not count:
        return (
            f"Log in with any new name and a password of at least {SHORTEST_PASSWORD} characters; "
            "the same bring you back."
        )
    who = "The listed name" if count == 1 else f"The {count} listed names"
    return f"{who} may log in; whoever has no password yet chooses one at the first log-in."
