"""Who organises the class, or helps there, by the accounts: a rule alone, so that asking it needs no JupyterHub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .claims import ORGANISER, admitted_as

ROLE = "class-organiser"
"""JupyterHub's name for the role of those who may open the class's page: organisers and helpers."""
HELPER = "helper"


def role_of(entry: Mapping[str, Any]) -> str:
    """What whoever has this entry of the accounts is in the class: ORGANISER, HELPER or nothing.

    Nothing, too, for somebody who cannot log in.
    """
    if entry.get("disabled") or entry.get("locked"):
        return ""
    by_name = entry.get("role")
    if ORGANISER in (by_name, admitted_as(entry)):
        return ORGANISER
    return HELPER if by_name == HELPER else ""


def organises(entry: Mapping[str, Any]) -> bool:
    """Whether the accounts' entry is that of an organiser who can log in."""
    return role_of(entry) == ORGANISER
