"""Fetched sets of data in the chart's values: each is a volume of its own, which pods mount read-only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any


def claim_name(name: str) -> str:
    """The volume claim of a set. Kubernetes' names have small letters and hyphens; another name gets a mark."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
    mark = "" if plain == name else f"-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    return f"skrt-data-{plain}{mark}"


def volumes(names: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Volumes and mounts of these sets, by the names of the volumes."""
    made: dict[str, Any] = {}
    mounts: dict[str, Any] = {}
    for name in names:
        volume = claim_name(name)
        made[volume] = {"name": volume, "persistentVolumeClaim": {"claimName": volume, "readOnly": True}}
        mounts[volume] = {"name": volume, "mountPath": f"/data/{name}", "readOnly": True}
    return made, mounts
