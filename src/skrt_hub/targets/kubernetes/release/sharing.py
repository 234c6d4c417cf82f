"""Shared folders in the chart's values: what the hub's own part of it is told (in_hub/shared.py)."""

from __future__ import annotations

from typing import Any

from skrt_hub.settings.model import Settings
from skrt_hub.settings.shared import Shared

USUAL_SIZE = 10 * 10**9


def claim_name(name: str) -> str:
    """The volume claim of a shared folder."""
    return f"skrt-shared-{name}"


def size_of(folder: Shared) -> int:
    """A volume always has a size."""
    return folder.size or USUAL_SIZE


def program(settings: Settings, module: str, login: str, accounts: str) -> str:
    """The part of the hub's configuration that gives pods their folders; nothing where nobody shares."""
    if not settings.shared:
        return ""
    folders: list[dict[str, Any]] = [
        {
            "name": folder.name,
            "groups": list(folder.groups),
            "write": folder.write,
            "size": size_of(folder),
            "claim": claim_name(folder.name),
        }
        for folder in settings.shared
    ]
    return (
        f"from pathlib import Path\nfrom {login}.accounts import Accounts\nfrom {login}.sharing import folders_of\n"
        f"from {module} import giving\n"
        f"c.KubeSpawner.modify_pod_hook = giving({folders!r}, Accounts(Path({accounts!r})), folders_of)\n"
    )
