"""Who organises the class, by the accounts: a rule alone, so that asking it needs nothing of JupyterHub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .claims import ORGANISER, admitted_as

ROLE = "class-organiser"
"""JupyterHub's name for the role of organisers."""


def organises(entry: Mapping[str, Any]) -> bool:
    """Whether the accounts' entry is that of an organiser who can log in."""
    by_name = entry.get("role") == "organiser"
    return (by_name or admitted_as(entry) == ORGANISER) and not (entry.get("disabled") or entry.get("locked"))
