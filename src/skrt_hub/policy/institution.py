"""Log-in at an institution: what the hub's authenticator is told, alike on both targets; the address to register."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skrt_hub.errors import SettingsError
from skrt_hub.policy import platform
from skrt_hub.settings.login import ELSEWHERE
from skrt_hub.settings.model import Settings

CALLBACK = "hub/oauth_callback"


def used(settings: Settings) -> bool:
    """Whether people have their accounts at an institution: at its log-in provider, or in its directory."""
    return settings.login.kind in ELSEWHERE


def in_directory(settings: Settings) -> bool:
    """Whether that is a directory, which is asked with the name and the password that somebody types here."""
    return settings.login.kind == "ldap"


def authenticator(settings: Settings) -> tuple[str, str]:
    """The module of the log-in, and the class in it."""
    if in_directory(settings):
        return "directory_log_in", "DirectoryAuthenticator"
    if platform.used(settings):
        return "lti", "LtiAuthenticator"
    return (
        ("github", "GitHubAuthenticator") if settings.login.at_github else ("institution", "InstitutionAuthenticator")
    )


def mark(settings: Settings) -> str:
    """How the identities begin that this log-in gives; nothing where people have passwords here."""
    if not used(settings):
        return ""
    if platform.used(settings):
        return platform.mark(settings)
    return f"ldap:{settings.login.directory.host} " if in_directory(settings) else f"{settings.login.issuer} "


def tells_addresses(settings: Settings) -> bool:
    """Whether listed people are known there by their e-mail addresses."""
    if platform.used(settings):
        return False
    return not in_directory(settings) or bool(settings.login.directory.email_attribute)


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
    """What the authenticator is told; plain data. `secret_file`: where the hub finds what it needs to ask there."""
    if in_directory(settings):
        return {**_shared(settings), "directory": directory(settings), "password_file": secret_file}
    if platform.used(settings):
        shared = _shared(settings)
        return {**shared, "rule": platform.rule(shared["rule"]), **platform.traits(settings, origin(settings))}
    login = settings.login
    return {
        **_shared(settings),
        "issuer": login.issuer,
        "client_id": login.client_id,
        "client_secret_file": secret_file,
        "oauth_callback_url": callback(settings),
        "scope": list(login.scopes),
    }


def directory(settings: Settings) -> dict[str, Any]:
    """The directory, as skrt_hub.login.directory has it, with its authority's certificate, which is no secret.

    Raises SettingsError where that cannot be read.
    """
    given = settings.login.directory
    told = {
        key: getattr(given, key)
        for key in ("server", "base", "login_attribute", "template", "reader", "email_attribute", "plain")
    }
    return {**told, "authority": _authority(given.authority) if given.authority else ""}


def _authority(file: Path) -> str:
    """The certificate's text. Raises SettingsError."""
    try:
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        text, why = "", str(getattr(error, "strerror", "") or "It is no text.")
    else:
        why = "It holds no certificate in the form PEM."
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise SettingsError(
            f"The certificate of the directory's authority, {file}, cannot be used.",
            why=why,
            remedy="Ask whoever runs the directory for the certificate of its authority, as PEM.",
        )
    return text


def _shared(settings: Settings) -> dict[str, Any]:
    login = settings.login
    return {
        "login_service": login.provider_name,
        "session": login.session,
        "rule": {
            "everyone": login.everyone,
            "participant_groups": list(login.participant_groups),
            "organiser_groups": list(login.organiser_groups),
            "groups_claim": login.groups_claim,
            "name_claim": login.name_claim,
            "other_groups": sorted({group for folder in settings.shared for group in folder.groups}),
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
            kind = "role" if platform.used(settings) else "group"
            who.append(f"the {kind}{'s' * (len(groups) != 1)} {', '.join(groups)}")
    if in_directory(settings):
        first = f"Log in with the name and password of {login.provider_name}: {' and '.join(who)}."
        return first, f"They are asked at {login.directory.server}."
    if platform.used(settings):
        first = f"Log in by a link in a course at {login.provider_name}: {' and '.join(who)}."
        return first, f"The hub's address there (initiate login URL): {origin(settings)}/{platform.BEGINS}"
    return (
        f"Log in at {login.provider_name}: {' and '.join(who)}.",
        f"The address to register there (redirect URI): {callback(settings)}",
    )
