"""How full a home is, and what to say about it.

The hub may set a limit for each home (`limits.home`); it tells the server its use and its limit in the notices
folder. In a pod the volume's own size is the limit; a volume that is a folder of its node holds nobody, and is watched.
Elsewhere the disk itself is the limit.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from skrt_workspace.home.notices import from_hub
from skrt_workspace.home.walk import size_of

LIMIT = "SKRT_HOME_LIMIT"
"""In a pod: the variable that says how many bytes the home's volume was asked for."""
USAGE = "home-usage"  # a file in the hub's notices folder: {"used": bytes, "limit": bytes}
NEARLY = 0.9
MB = 1_000_000
_LITTLE = 200 * MB
_NOTHING = 5 * MB
_NO_FILES = 5
_ABOUT_AS_ASKED = 1.2  # a volume of its own has the size that was asked for, or a little more
_EVERY = 20.0  # seconds


@dataclass(frozen=True)
class Space:
    """Bytes still free for this home, and how much may be used in all (None: not limited but by the disk).

    held: at the limit nothing more can be written; otherwise it is only told.
    """

    free: int
    used: int | None = None
    limit: int | None = None
    held: bool = True
    files: int | None = None  # how many more there can be; None where that is not limited

    @property
    def state(self) -> str:
        """`ok`, `nearly` or `full`."""
        if self.held and self.files is not None and self.files <= _NO_FILES:
            return "full"
        at_limit = self.limit is not None and self.used is not None and self.used >= self.limit
        if at_limit or (self.held and self.free <= _NOTHING):
            return "full"
        if self.limit is not None and self.used is not None:
            return "nearly" if self.used >= NEARLY * self.limit else "ok"
        return "nearly" if self.free < _LITTLE else "ok"


def measure(home: Path, hub: Path | None = None) -> Space:
    """The space of `home` now. A quota shows in the free blocks (statvfs(3)) where the file system supports that."""
    found = os.statvfs(home)
    free = found.f_bavail * found.f_frsize
    files = found.f_favail if found.f_files else None
    try:
        usage = json.loads(((hub or from_hub()) / USAGE).read_text(encoding="utf-8"))
        used, limit = int(usage["used"]), int(usage["limit"])
        held = bool(usage.get("held", True)) or free <= _NOTHING
        return Space(min(free, max(0, limit - used)), used, limit, held, files)
    except (OSError, ValueError, KeyError, TypeError):
        return replace(_of_volume(home, free, found.f_blocks * found.f_frsize), files=files)


def _of_volume(home: Path, free: int, size: int) -> Space:
    limit = int(os.environ.get(LIMIT) or 0)
    if not limit or size <= limit * _ABOUT_AS_ASKED:
        return Space(free)
    used = _use.of(home)
    return Space(min(free, max(0, limit - used)), used, limit, held=free <= _NOTHING)


def full_words(folder: Path) -> str:
    """What is said where something found no room in this folder: what is full, and what to do."""
    try:
        return warning(measure(folder)) or _FULL
    except OSError:
        return _FULL


_FULL = "Your home is full. Delete files that you do not need, then try again. What is saved already is safe."


class _Use:
    """What a home holds, not measured more often than its owner notices, or at a cost that its owner would."""

    def __init__(self) -> None:
        self._home: Path | None = None
        self._until = 0.0
        self._used = 0

    def of(self, home: Path) -> int:
        """The bytes, as they were some seconds ago."""
        began = time.monotonic()
        if home != self._home or began > self._until:
            self._home, self._used = home, size_of(home)
            now = time.monotonic()
            self._until = now + max(_EVERY, 50 * (now - began))
        return self._used


_use = _Use()


def warning(space: Space) -> str:
    """A sentence for the participant, or nothing."""
    if space.state == "full" and space.files is not None and space.files <= _NO_FILES and space.free > _NOTHING:
        return (
            "Your home is full: it has reached the number of files that it can hold, whatever their size. Delete many "
            "small files, such as a folder of single images that you do not need. What is saved already is safe."
        )
    if space.state == "full" and not space.held:
        return (
            f"Your home has reached its limit ({(space.used or 0) / MB:.0f} of {(space.limit or 0) / MB:.0f} MB). "
            "Delete files that you do not need, or ask the organiser for more."
        )
    if space.state == "full":
        return (
            "Your home is full: nothing more can be saved. Delete files you do not need (right-click, Delete) and save "
            "again. What is saved already is safe."
        )
    if space.state == "nearly":
        return f"Your home is nearly full: {space.free // MB} MB are left. Delete files that you do not need."
    return ""
