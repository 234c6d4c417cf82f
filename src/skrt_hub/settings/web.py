"""Addresses under which browsers reach the hub: checked texts."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")


def _origin(value: str) -> str:
    """Scheme, host and perhaps a port, in lower case. Raises ValueError."""
    if not value:
        return ""
    text = value.lower().rstrip("/")
    parts = urlsplit(text)
    plain = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not plain or not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError("write a whole address without a path, such as https://hub.example.org")
    return text


Origin = Annotated[str, AfterValidator(_origin)]


def check_origins(public: str, participant: str) -> None:
    """What both addresses must be together. Raises ValueError."""
    if "*" in public:
        raise ValueError("public_url: the hub itself has one name; the one with * is participant_url")
    if not participant:
        return
    wanted = public.replace("://", "://*.", 1)
    if not public or participant != wanted:
        raise ValueError(
            f"participant_url: with `public_url: {public or 'https://hub.example.org'}` write "
            f"`participant_url: {wanted or 'https://*.hub.example.org'}`"
        )
