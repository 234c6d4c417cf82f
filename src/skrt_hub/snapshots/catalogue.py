"""The saves in a place: which there are, of which homes, and from when."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from skrt_hub.errors import CopyError, UsageError
from skrt_hub.snapshots.repository import Repository

_ID = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
SUFFIX = ".jsonl.zst"
SUMMARY = "save.json"
ACCOUNTS = "accounts.json"


@dataclass(frozen=True)
class Save:
    """One save. folders: the homes that it has a manifest of. complete: it came to its end, and was read back."""

    id: str
    folders: tuple[str, ...]
    complete: bool
    summary: dict[str, Any]

    @property
    def time(self) -> datetime:
        return datetime.strptime(self.id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    def manifest(self, folder: str) -> str:
        """The file with the manifest of one home."""
        return f"saves/{self.id}/{folder}{SUFFIX}"


def saves_in(place: Repository) -> list[Save]:
    """All saves, the oldest first."""
    files: dict[str, list[str]] = {}
    for name in place.names("saves"):
        parts = name.split("/")
        if len(parts) == 3 and _ID.fullmatch(parts[1]):
            files.setdefault(parts[1], []).append(parts[2])
    return [_save(place, number, names) for number, names in sorted(files.items(), key=lambda item: _order(item[0]))]


def newest_of(saves: list[Save], folder: str, at: datetime | None = None) -> Save | None:
    """The newest save that has this home, not younger than `at`."""
    fitting = [save for save in saves if folder in save.folders and (at is None or save.time <= at)]
    return fitting[-1] if fitting else None


def new_id(saves: list[Save], now: datetime) -> str:
    """A name for a save made now, that sorts behind all others even where the clock was set back."""
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    taken = {save.id for save in saves}
    newest = max(taken, default="")
    base = max(moment, newest[:16]) if newest else moment  # the clock may have been set back
    if base not in taken and base > newest[:16]:
        return base
    number = 1 + max((int(name[17:] or 0) for name in taken if name.startswith(base)), default=0)
    return f"{base}-{number}"


def parse_time(text: str) -> datetime:
    """A time given on the command line: a save's name, or ISO 8601 (without a zone it is local time).

    A day or a minute alone means its end. Raises UsageError.
    """
    try:
        if _ID.fullmatch(text):
            return datetime.strptime(text[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no time.", remedy="Write it like 2026-11-23, 2026-11-23T18:00, or as `saves list` shows it."
        ) from None
    if len(text) == len("2026-11-23"):
        given = given.replace(hour=23, minute=59, second=59)
    if len(text) == len("2026-11-23T18:00"):
        given = given.replace(second=59)
    return given.astimezone(UTC)


def _order(number: str) -> tuple[str, int]:
    """Names in the order of time: the tenth save of one second comes after its second one."""
    return number[:16], int(number[17:] or 0)


def _save(place: Repository, number: str, names: list[str]) -> Save:
    folders = tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))
    summary: dict[str, Any] = {}
    if SUMMARY in names:
        try:
            summary = dict(json.loads(place.get(f"saves/{number}/{SUMMARY}")))
        except (ValueError, TypeError, CopyError):
            summary = {}
    return Save(number, folders, bool(summary.get("verified")), summary)
