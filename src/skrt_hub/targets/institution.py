"""A log-in at an institution, as far as `check` and `up` see it from here: the secret's file, provider or directory."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from skrt_hub.errors import SettingsError
from skrt_hub.login import provider
from skrt_hub.policy import institution, managers_found, own_config, platform, whose_home
from skrt_hub.report import Finding
from skrt_hub.settings.model import Settings

_PATIENCE = 10.0
_SEE_PLATFORM = "See `issuer` and `platform` below `login` in hub.yaml: the platform's own page for the hub shows them."
_UNKNOWN = (401, 403)  # what GitHub answers to somebody whom it does not know


def findings(settings: Settings) -> tuple[Finding, ...]:
    """What `check` says; nothing for the other kinds of log-in."""
    if not institution.used(settings):
        return ()
    found = [Finding("log-in", True, " ".join(institution.in_words(settings)))]
    if settings.login.secret_file:
        found.append(_secret(settings))
    if platform.used(settings):
        found.append(_entered(settings))
    words, remedy = platform.any_course(settings)
    if words:
        found.append(Finding("courses", False, words, remedy, required=False))
    return (*found, _place(settings))


def notes(settings: Settings) -> tuple[str, ...]:
    """What `up` says where the provider cannot be used: the hub runs, and nobody can log in."""
    if not institution.used(settings):
        return ()
    if platform.missing(settings):
        return ("Nobody can log in yet. " + _not_entered(settings), *platform.to_enter(settings, _origin(settings)))
    found = _place(settings)
    return () if found.ok else (f"Nobody can log in until this is mended: {found.found}. {found.remedy}",)


def _origin(settings: Settings) -> str:
    return institution.origin(settings)


def _entered(settings: Settings) -> Finding:
    """What is to be entered at a learning platform, and whether hub.yaml has what the platform then tells."""
    found = "\n".join(platform.to_enter(settings, _origin(settings)))
    name = f"to enter at {settings.login.provider_name}"
    if platform.missing(settings):
        return Finding(name, False, found, _not_entered(settings), required=False)
    return Finding(name, True, found)


def _not_entered(settings: Settings) -> str:
    where = settings.login.provider_name
    return f"Enter the hub at {where}; then write what it shows below `login`: {platform.missing(settings)}"


def people(settings: Settings, accounts: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Who gets which name and home where the log-in changed, and who in hub.yaml cannot come in; nothing where all is
    well.
    """
    found, remedy = whose_home.in_words(settings, accounts)
    homes = (Finding("homes from before", not remedy, found, remedy, required=False),) if found else ()
    if names := managers_found.never(settings, accounts):
        return (*homes, Finding("organisers", False, *managers_found.in_words(settings, names), required=False))
    return homes


def own_config_findings(settings: Settings) -> tuple[Finding, ...]:
    """What `check` says of the organiser's own file for JupyterHub, if there is one."""
    if settings.hub_config is None:
        return ()
    try:
        own_config.read(settings)
    except SettingsError as error:
        return (Finding("hub_config", False, f"{error.what} {error.why}", error.remedy),)
    return (Finding("hub_config", True, f"{settings.hub_config} is loaded last; what it does is not checked here"),)


def ensure_secret(settings: Settings) -> str:
    """What the hub itself needs to ask there; empty where that is nothing. Raises SettingsError, also for other files
    of the log-in that cannot be used.
    """
    if institution.in_directory(settings):
        institution.directory(settings)
    file = settings.login.secret_file
    if file is None:
        return ""
    given = "the password of `reader`" if institution.in_directory(settings) else "the secret that the provider gave"
    remedy = f"Put {given} into {file}, and type: chmod 600 {file}"
    try:
        mode = file.stat().st_mode & 0o777
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = str(getattr(error, "strerror", "") or error)
        raise SettingsError(
            f"The file of the log-in's secret, {file}, cannot be read.", why=why, remedy=remedy
        ) from None
    if mode & 0o077:
        raise SettingsError(
            f"The log-in's secret, {file}, can be read by others.",
            why=f"Its mode is {mode:o}.",
            remedy=f"Type: chmod 600 {file}",
        )
    if not secret or (not institution.in_directory(settings) and any(map(str.isspace, secret))):
        raise SettingsError(f"The file of the log-in's secret, {file}, does not hold one word.", remedy=remedy)
    return secret


def _secret(settings: Settings) -> Finding:
    try:
        ensure_secret(settings)
    except SettingsError as error:
        return Finding("log-in's secret", False, f"{error.what} {error.why}".strip(), error.remedy)
    return Finding("log-in's secret", True, f"{settings.login.secret_file}, readable by you alone")


def _place(settings: Settings) -> Finding:
    if institution.in_directory(settings):
        return _directory(settings)
    return _platform(settings) if platform.used(settings) else _provider(settings)


def _platform(settings: Settings) -> Finding:
    """Whether the platform's keys can be had from here; without them its word proves nothing."""
    where = settings.login.platform.where(settings.login.issuer)[1]
    try:
        document = json.loads(_answer(where))
        keys = document.get("keys") if isinstance(document, Mapping) else None
    except urllib.error.HTTPError as error:
        found, remedy = f"{where} answers {error.code}", _SEE_PLATFORM
    except (OSError, http.client.HTTPException) as error:
        found, remedy = f"{where} cannot be reached: {getattr(error, 'reason', error)}", _remedy(error)
    except ValueError:
        found, remedy = f"{where} shows no keys", _SEE_PLATFORM
    else:
        if isinstance(keys, list) and keys:
            return Finding("learning platform", True, f"{settings.login.provider_name} publishes its keys at {where}")
        found, remedy = f"{where} shows no keys", _SEE_PLATFORM
    return Finding("learning platform", False, found, remedy, required=False)


def _directory(settings: Settings) -> Finding:
    """Whether the directory can be reached from here, is the one that is meant, and takes the hub's reader."""
    from skrt_hub.login import directory  # noqa: PLC0415 - commands for other kinds start without it

    chosen = settings.login.directory
    groups = (*settings.login.participant_groups, *settings.login.organiser_groups)
    try:
        directory.Directory.of(institution.directory(settings)).look(ensure_secret(settings), groups)
    except SettingsError as error:
        return Finding("directory", False, f"{error.what} {error.why}", error.remedy)
    except directory.DirectoryError as error:
        remedy = (
            "See `login.directory` in hub.yaml: the server's name as in its certificate, `authority`, `reader`, `base`."
        )
        return Finding("directory", False, f"{chosen.server}: {error}", remedy, required=False)
    return Finding("directory", True, f"{chosen.server} answers" + ("" if chosen.plain else ", encrypted"))


def _provider(settings: Settings) -> Finding:
    """Whether the provider can be reached from here, and is the one that is meant."""
    issuer = settings.login.issuer
    try:
        if settings.login.at_github:
            _answer(provider.github(issuer).userinfo)
        else:
            provider.read(_answer(provider.where(issuer)), issuer)
    except provider.ProviderError as error:
        return Finding("log-in provider", False, str(error), error.remedy, required=False)
    except urllib.error.HTTPError as error:
        if settings.login.at_github and error.code in _UNKNOWN:
            return Finding("log-in provider", True, f"{issuer} answers")
        return Finding("log-in provider", False, _in_words(issuer, error), _remedy(error), required=False)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Finding("log-in provider", False, _in_words(issuer, error), _remedy(error), required=False)
    return Finding("log-in provider", True, f"{issuer} answers")


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """An issuer's own address answers itself; what leads elsewhere is another's."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _answer(address: str) -> bytes:
    opener = urllib.request.build_opener(_Nowhere)
    with opener.open(address, timeout=_PATIENCE) as answer:
        content: bytes = answer.read(provider.LARGEST)
        return content


def _in_words(issuer: str, error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{provider.where(issuer)} answers {error.code}: no log-in provider is there"
    return f"{issuer} cannot be reached: {getattr(error, 'reason', error)}"


def _remedy(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return provider.CORRECT
    return "See whether this machine reaches it, with a browser or curl; behind a proxy, set HTTPS_PROXY for `up`."
