"""Log-in at an institution: what the hub's authenticator is told, alike on both targets; the address to register."""

from __future__ import annotations

from typing import Any

from skrt_hub.settings.model import Settings

CALLBACK = "hub/oauth_callback"


def used(settings: Settings) -> bool:
    """Whether people log in at an institution's provider."""
    return settings.login.kind == "oidc"


def mark(settings: Settings) -> str:
    """How the identities begin that this log-in gives; nothing where people have passwords here."""
    return f"{settings.login.issuer} " if used(settings) else ""


def origin(settings: Settings) -> str:
    """The one address to which the provider leads people back."""
    if settings.public_url:
        return settings.public_url
    if settings.target == "kubernetes" and settings.kubernetes.host:
        return f"http{'s' if settings.tls.encrypted else ''}://{settings.kubernetes.host}"
    return settings.address_for(settings.address).rstrip("/")


def callback(settings: Settings) -> str:
    """The address to register at the provider."""
    return f"{origin(settings)}/{CALLBACK}"


def traits(settings: Settings, secret_file: str) -> dict[str, Any]:
    """What the authenticator is told; plain data. `secret_file`: where the hub finds the client's secret."""
    login = settings.login
    return {
        "issuer": login.issuer,
        "client_id": login.client_id,
        "client_secret_file": secret_file,
        "oauth_callback_url": callback(settings),
        "scope": list(login.scopes),
        "login_service": login.provider_name,
        "session": login.session,
        "rule": {
            "everyone": login.everyone,
            "participant_groups": list(login.participant_groups),
            "organiser_groups": list(login.organiser_groups),
            "groups_claim": login.groups_claim,
            "name_claim": login.name_claim,
        },
    }


def in_words(settings: Settings) -> tuple[str, ...]:
    """Who may log in, and the address to register."""
    login, count = settings.login, len(settings.participants)
    who = []
    if login.everyone:
        who.append(f"everybody with an account at {login.provider_name}")
    else:
        if count:
            who.append(f"{count} listed")
        groups = (*login.participant_groups, *login.organiser_groups)
        if groups:
            who.append(f"the group{'s' * (len(groups) != 1)} {', '.join(groups)}")
    return (
        f"Log in at {login.provider_name}: {' and '.join(who)}.",
        f"The address to register there (redirect URI): {callback(settings)}",
    )
