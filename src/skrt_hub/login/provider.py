"""What a log-in provider publishes about itself (OpenID Connect Discovery), looked at before it is believed.

Standard library only: the hub reads it at a log-in, and `check` from the organiser's machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

LARGEST = 500_000
_WHERE = "/.well-known/openid-configuration"
_NEEDED = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")


class ProviderError(ValueError):
    """The provider cannot be used as it is; the text says why, and `remedy` what to do."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.remedy = remedy


@dataclass(frozen=True)
class Provider:
    """Where a provider does what, and whether it takes the secret in the body of a request."""

    authorize: str
    token: str
    userinfo: str
    secret_in_body: bool


def where(issuer: str) -> str:
    """The address of what the provider publishes."""
    return issuer.rstrip("/") + _WHERE


def read(text: bytes | str, issuer: str) -> Provider:
    """What the provider published. Raises ProviderError."""
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        raise ProviderError(f"{where(issuer)} is no document of a log-in provider", CORRECT)
    found = document.get("issuer")
    if found != issuer:
        remedy = f"If that is the provider you mean, write `issuer: {found}`." if _sound(found) else CORRECT
        raise ProviderError(f"the provider calls itself {str(found)[:200]!r}, not {issuer!r}", remedy)
    for key in _NEEDED:
        if not _sound(document.get(key)):
            raise ProviderError(f"the provider names no safe address as its {key}", _ASK)
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(
        authorize=str(document["authorization_endpoint"]),
        token=str(document["token_endpoint"]),
        userinfo=str(document["userinfo_endpoint"]),
        secret_in_body="client_secret_basic" not in methods,
    )


GITHUB_ISSUER = "https://github.com"
GITHUB = "application/vnd.github+json"
"""The kind of answers that GitHub's interface gives."""


def github(issuer: str) -> Provider:
    """GitHub, which publishes nothing about itself; a server of one's own has its interface below its own address."""
    there = issuer.rstrip("/")
    interface = "https://api.github.com" if there == GITHUB_ISSUER else f"{there}/api/v3"
    log_in = f"{there}/login/oauth"
    return Provider(f"{log_in}/authorize", f"{log_in}/access_token", f"{interface}/user", secret_in_body=True)


def is_safe(address: str) -> bool:
    """Whether what is sent there cannot be read on the way: TLS, or an address of this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return True
    return parts.scheme == "http" and on_loopback(parts.hostname or "")


CORRECT = "Write the provider's `issuer` in hub.yaml as its documentation gives it, letter by letter."
_ASK = "Ask whoever runs the provider whether it speaks OpenID Connect."


def _sound(address: Any) -> bool:
    return isinstance(address, str) and is_safe(address)


def on_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
