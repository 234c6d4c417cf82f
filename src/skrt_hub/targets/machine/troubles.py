"""What keeps a participant from working, as far as the hub knows: in a word, and in a sentence.

A start that failed is noted by the spawner. What a server was told (skrt_workspace.home.notices) is in the hub's own
folder, which participants can only read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from skrt_hub.files import read_json
from skrt_hub.hub import failed_starts
from skrt_hub.layout import Layout
from skrt_hub.report import Server, human_size
from skrt_workspace.home import notices
from skrt_workspace.home.space import USAGE

_RECENT = 900.0  # seconds for which it is worth telling an organiser that a kernel was ended


@dataclass(frozen=True)
class Trouble:
    """`word` is one that pages know; `reason` is for people."""

    word: str = ""
    reason: str = ""


def of_server(layout: Layout, folder: str) -> Trouble:
    """What troubles somebody whose server runs."""
    usage = read_json(layout.notices(folder) / USAGE) or {}
    used, limit = usage.get("used", 0), usage.get("limit", 0)
    if limit and used >= limit:
        return Trouble("home-full", f"The home is full: {human_size(used)} of {human_size(limit)}.")
    now = datetime.now(UTC)
    for notice in reversed(notices.read_notices(layout.notices(folder), notices.MEMORY)):
        when = datetime.fromisoformat(notice.time)
        if (now - when).total_seconds() < _RECENT:
            return Trouble("memory", f"{when.astimezone():%H:%M}: {notice.text}")
    return Trouble()


def of_starts(layout: Layout, running: set[str]) -> tuple[Server, ...]:
    """A row for each participant whose last start failed, and whose server does not run."""
    return tuple(
        Server(name, "failed", reason=why, trouble=word, since=when)
        for name, word, why, when in failed_starts.noted(layout)
        if name not in running
    )
