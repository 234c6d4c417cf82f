"""Who may log in, and how: one rule for both targets, as traits of JupyterHub and as words for people."""

from __future__ import annotations

from typing import Any

from skrt_hub.login.accounts import Person
from skrt_hub.settings.model import Settings

SHORTEST_PASSWORD = 8
"""Fewest characters of a password that somebody chooses."""


BELIEVED = 3
"""Seconds for which a participant's server believes a log-in without asking the hub."""


def listed(settings: Settings) -> frozenset[str]:
    """Every name in hub.yaml."""
    return frozenset((*settings.participants, *settings.admins))


def anyone(settings: Settings) -> bool:
    """Whether a name that is not in hub.yaml may be taken by its first user."""
    return not settings.participants and settings.login.kind != "codes"  # with codes, an empty list means nobody


def people(settings: Settings) -> tuple[Person, ...]:
    """Everybody whom hub.yaml names, as the accounts note them."""
    organisers = tuple(Person(name, role="organiser") for name in settings.admins)
    return (*organisers, *(Person(name) for name in settings.participants if name not in settings.admins))


def traits(settings: Settings) -> dict[str, dict[str, Any]]:
    """What JupyterHub's authenticator is told, by class; plain data, which fits a chart's values too."""
    return {
        # Who is on the list is in the accounts file, so that a change of it needs no restart of the hub.
        "AccountsAuthenticator": {
            "kind": settings.login.kind,
            "anyone": anyone(settings),
            "shortest_password": SHORTEST_PASSWORD,
        },
        # A server asks the hub again who a visitor is, so that a log-in that ended is not believed for long.
        "Spawner": {"args": [f"--HubAuth.cache_max_age={BELIEVED}"]},
    }


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
