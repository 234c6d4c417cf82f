"""The folders that somebody shares with others: where they are, links to them in the home, and how full they are."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skrt_workspace.home import notices
from skrt_workspace.home.own_file import read_own, write_own

VARIABLE = "SKRT_SHARED"
"""JSON: for each name its `path`, whether one may `write`, and its `limit` in bytes (0: none)."""
USAGE = "shared-usage"
"""A file in the hub's notices folder: {NAME: {"used": bytes, "limit": bytes}}."""
FULL = 0.98
_LINKED = ".local/state/skrt-workspace/shared.json"


@dataclass(frozen=True)
class SharedFolder:
    """One of them. used, limit: bytes; None where that is not known or not limited."""

    name: str
    path: str
    write: bool
    used: int | None = None
    limit: int | None = None

    @property
    def full(self) -> bool:
        """Whether it holds as much as it may; what the kernel holds never uses its last few blocks."""
        return self.limit is not None and self.used is not None and self.used >= FULL * self.limit


def shared_folders() -> tuple[SharedFolder, ...]:
    """Those of whoever this server belongs to, in order of their names."""
    told, usage = _read(os.environ.get(VARIABLE, "")), _usage()
    found = []
    for name, facts in sorted(told.items()):
        if not isinstance(facts, dict) or not isinstance(facts.get("path"), str):
            continue
        used = usage.get(name)
        used = used if isinstance(used, dict) else {}
        limit = used.get("limit") or facts.get("limit") or None
        found.append(SharedFolder(name, facts["path"], bool(facts.get("write")), used.get("used"), limit))
    return tuple(found)


def variables(folders: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What a server is told; nothing where there are none."""
    return {VARIABLE: json.dumps(folders, sort_keys=True)} if folders else {}


def link(home: Path) -> None:
    """Have a link in the home to each of them, where nothing stands; one of ours that leads to none any more goes."""
    wanted = {folder.name: folder.path for folder in shared_folders()}
    made = _read_file(home / _LINKED)
    for name, target in made.items():
        if wanted.get(name) != target and _leads_to(home / name, str(target)):
            with contextlib.suppress(OSError):
                (home / name).unlink()
    kept = {name: target for name, target in wanted.items() if _made(home / name, target)}
    if kept != made:
        with contextlib.suppress(OSError):
            write_own(home / _LINKED, json.dumps(kept))


def linked(home: Path, folder: SharedFolder) -> bool:
    """Whether the home's link to it is there."""
    return _leads_to(home / folder.name, folder.path)


def _made(place: Path, target: str) -> bool:
    with contextlib.suppress(OSError):
        place.symlink_to(target)
    return _leads_to(place, target)


def _leads_to(place: Path, target: str) -> bool:
    try:
        return str(place.readlink()) == target
    except OSError:
        return False


def warnings() -> list[str]:
    """A sentence for each that is full."""
    return [
        f"The shared folder {folder.path} is full: {(folder.used or 0) / 10**6:.0f} of "
        f"{(folder.limit or 0) / 10**6:.0f} MB. Delete files there that nobody needs, or ask the organiser for more. "
        "Your own home has room as before."
        for folder in shared_folders()
        if folder.full
    ]


def _usage() -> dict[str, Any]:
    return _read_file(notices.from_hub() / USAGE)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return _read(read_own(path).decode("utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}


def _read(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
