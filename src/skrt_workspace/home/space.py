"""How full a home is, and what to say about it.

The hub may set a limit for each home (`limits.home`); it tells the server its use and its limit in the notices
folder. Where there is none, the disk itself is the limit.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from skrt_workspace.home.notices import from_hub

USAGE = "home-usage"  # a file in the hub's notices folder: {"used": bytes, "limit": bytes}
NEARLY = 0.9
MB = 1_000_000
_LITTLE = 200 * MB
_NOTHING = 5 * MB


@dataclass(frozen=True)
class Space:
    """Bytes still free for this home, and how much may be used in all (None: not limited but by the disk).

    held: at the limit nothing more can be written; otherwise it is only told.
    """

    free: int
    used: int | None = None
    limit: int | None = None
    held: bool = True

    @property
    def state(self) -> str:
        """`ok`, `nearly` or `full`."""
        if self.free <= _NOTHING or (self.limit is not None and self.used is not None and self.used >= self.limit):
            return "full"
        if self.limit is not None and self.used is not None:
            return "nearly" if self.used >= NEARLY * self.limit else "ok"
        return "nearly" if self.free < _LITTLE else "ok"


def measure(home: Path, hub: Path | None = None) -> Space:
    """The space of `home` now. A quota shows in the free blocks (statvfs(3)) where the file system supports that."""
    found = os.statvfs(home)
    free = found.f_bavail * found.f_frsize
    try:
        usage = json.loads(((hub or from_hub()) / USAGE).read_text(encoding="utf-8"))
        used, limit = int(usage["used"]), int(usage["limit"])
        held = bool(usage.get("held", True)) or free <= _NOTHING
        return Space(min(free, max(0, limit - used)), used, limit, held)
    except (OSError, ValueError, KeyError, TypeError):
        return Space(free)


def warning(space: Space) -> str:
    """A sentence for the participant, or nothing."""
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
