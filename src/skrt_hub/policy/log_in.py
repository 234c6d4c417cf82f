"""Who may log in, and how: one rule for both targets, as traits of JupyterHub and as words for people."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from skrt_hub.login.accounts import Person
from skrt_hub.settings.model import Settings

SHORTEST_PASSWORD = 8
"""Fewest characters of a password that somebody chooses."""


BELIEVED = 3
"""Seconds for which a participant's server believes a log-in without asking the hub."""


def listed(settings: Settings) -> frozenset[str]:
    """Every name in hub.yaml."""
    return frozenset((*settings.names, *settings.organisers))


def anyone(settings: Settings) -> bool:
    """Whether a name that is not in hub.yaml may be taken by its first user."""
    return not settings.participants and settings.login.kind != "codes"  # with codes, an empty list means nobody


def people(settings: Settings) -> tuple[Person, ...]:
    """Everybody whom hub.yaml names, as the accounts note them."""
    roles = dict.fromkeys(settings.organisers, "organiser")
    described = {who.login: Person(who.login, who.name, who.email, who.group) for who in settings.participants}
    people = [described.get(name) or Person(name) for name in dict.fromkeys((*roles, *described))]
    return tuple(replace(person, role=roles.get(person.name, "")) for person in people)


def traits(settings: Settings) -> dict[str, dict[str, Any]]:
    """What JupyterHub's authenticator is told, by class; plain data, which fits a chart's values too."""
    return {
        # Who is on the list is in the accounts file, so that a change of it needs no restart of the hub.
        "AccountsAuthenticator": {
            "kind": settings.login.kind,
            "anyone": anyone(settings),
            "shortest_password": SHORTEST_PASSWORD,
            "look": look(settings),
        },
        # A server asks the hub again who a visitor is, so that a log-in that ended is not believed for long.
        "Spawner": {"args": [f"--HubAuth.cache_max_age={BELIEVED}"]},
    }


def look(settings: Settings) -> dict[str, Any]:
    """What the log-in pages look like; the words of more languages are read here, and go where the hub is."""
    page = settings.page
    words = {code: json.loads(file.read_text(encoding="utf-8")) for code, file in page.languages.items()}
    logo = str(page.logo) if page.logo is not None and settings.target == "machine" else ""
    return {"title": page.title, "text": page.text, "logo": logo, "colour": page.colour, "languages": words}


def how_to_log_in(settings: Settings) -> str:
    """What `up` says at its end."""
    count = len(settings.participants)
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
