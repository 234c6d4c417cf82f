"""Who may log in, and how: one rule for both targets, as traits of JupyterHub and as words for people."""

from __future__ import annotations

from typing import Any

from skrt_hub.settings.model import Settings

SHORTEST_PASSWORD = 8
"""Fewest characters of a password that somebody chooses."""


def listed(settings: Settings) -> frozenset[str]:
    """Every name in hub.yaml."""
    return frozenset((*settings.participants, *settings.admins))


def anyone(settings: Settings) -> bool:
    """Whether a name that is not in hub.yaml may be taken by its first user."""
    return not settings.participants


def traits(settings: Settings) -> dict[str, dict[str, Any]]:
    """What JupyterHub's authenticator is told, by class; plain data, which fits a chart's values too."""
    return {
        "Authenticator": {
            "admin_users": sorted(settings.admins),
            "allow_all": anyone(settings),
            "allowed_users": sorted(settings.participants),
            "any_allow_config": True,
            # Otherwise a name that was taken off the list could still log in, because it once was on it.
            "allow_existing_users": False,
        },
        "FirstUseAuthenticator": {"anyone": anyone(settings), "shortest_password": SHORTEST_PASSWORD},
    }


def how_to_log_in(settings: Settings) -> str:
    """What `up` says at its end."""
    count = len(settings.participants)
    if not count:
        return (
            f"Log in with any new name and a password of at least {SHORTEST_PASSWORD} characters; "
            "the same bring you back."
        )
    who = "The listed name" if count == 1 else f"The {count} listed names"
    return f"{who} may log in; whoever has no password yet chooses one at the first log-in."
