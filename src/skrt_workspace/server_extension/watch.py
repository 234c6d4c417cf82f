"""Looks every few seconds for what a participant should know: new material, messages of the hub, a filling home.

Each look costs a few stat(2) calls; work is done in a thread, and only when something changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from pathlib import Path
from typing import Any

from skrt_workspace import second_try, shared_folders
from skrt_workspace.home import notices, space
from skrt_workspace.home.own_file import read_own, write_own
from skrt_workspace.material import news, place
from skrt_workspace.material.source import material_folder, stamp

EVENT_ID = "https://skrt-hub/workspace/notice"
EVENT_SCHEMA = {
    "$id": EVENT_ID,
    "version": "1",
    "title": "Something a participant should know",
    "description": "Tells open pages to ask for notices again.",
    "type": "object",
    "properties": {"kind": {"type": "string"}},
    "required": ["kind"],
}
SETTINGS = "settings"
_EVERY = 3.0
_OLDEST = 24 * 3600
_SEEN = ".local/state/skrt-workspace/seen.json"
_OOM_COUNTS = Path("/sys/fs/cgroup/memory.events")
_FULL = "shared-"
_KILLED = (
    "A kernel or program of yours was ended, because your memory limit was reached. Your files are safe. "
    "Work on smaller images, or close other notebooks."
)


class Watch:
    """The watch of one server."""

    def __init__(self, home: Path, events: Any, log: logging.Logger) -> None:
        self.home = home
        self._events = events
        self._log = log
        self._task: asyncio.Task[None] | None = None
        self._stamp = stamp(material_folder())
        self._failed = ""
        self._hub_names: set[str] = set()
        self._home_names: set[str] = set()
        self._space = "ok"
        self._full: set[str] = set()
        self._killed = _times_killed()
        self._seen = _read_seen(home)

    def start(self) -> None:
        """Begin to look; called when the server's loop runs."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    def notices(self) -> list[notices.Notice]:
        """What the participant has not dismissed: from the hub (of the last day), from the home, and about space.

        Of what the hub said several times, the last: with it, those before are dismissed, too.
        """
        now = time.time()
        newest = {notice.kind: notice for notice in notices.read_notices(notices.from_hub())}
        found = [
            notice for notice in newest.values() if notice.name not in self._seen and now - _written(notice) < _OLDEST
        ]
        found += notices.read_notices(self.home / notices.IN_HOME)
        warning = space.warning(space.measure(self.home))
        name = f"space-{self._space}"
        if warning and name not in self._seen:
            found.append(notices.Notice(name, notices.SPACE, warning, ""))
        for text in shared_folders.warnings():
            if _full_name(text) not in self._seen:
                found.append(notices.Notice(_full_name(text), notices.SPACE, text, ""))
        if (text := second_try.words()) and SETTINGS not in self._seen:
            found.append(notices.Notice(SETTINGS, SETTINGS, text, ""))
        return sorted(found, key=lambda notice: notice.name)

    def dismiss(self, names: list[str]) -> None:
        """Take notices as read."""
        for name in names:
            if "/" not in name and name.endswith(".json"):
                with contextlib.suppress(OSError):
                    (self.home / notices.IN_HOME / name).unlink(missing_ok=True)
            self._seen.add(name)
        with contextlib.suppress(OSError):  # a full home: dismissed until the server ends
            write_own(self.home / _SEEN, json.dumps(sorted(self._seen - {SETTINGS})[-200:]))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            try:
                for kind in await asyncio.to_thread(self.look):
                    self._events.emit(schema_id=EVENT_ID, data={"kind": kind})
            except Exception:
                self._log.exception("skrt-workspace: looking for news failed; it is tried again")

    def look(self) -> list[str]:
        """One look; the kinds of what is new."""
        kinds = []
        if self._new_material():
            kinds.append(notices.MATERIAL)
        names = {path.name for path in notices.from_hub().glob("*.json")}
        if names - self._hub_names:
            kinds.append("hub")
        self._hub_names = names
        left = {path.name for path in (self.home / notices.IN_HOME).glob("*.json") if _is_left(path)}
        kinds += sorted({name.rpartition("-")[2].removesuffix(".json") for name in left - self._home_names})
        self._home_names = left
        state = space.measure(self.home).state
        if state != self._space:
            self._space = state
            self._seen -= {f"space-{other}" for other in ("nearly", "full") if other != state}
            kinds.append(notices.SPACE)
        full = {folder.name for folder in shared_folders.shared_folders() if folder.full}
        if full != self._full:
            self._seen -= {name for name in self._seen if name.startswith(_FULL)} if not full else set()
            self._full = full
            kinds.append(notices.SPACE)
        killed = _times_killed()
        if killed > self._killed and not notices.from_hub().is_dir():  # the hub's own watch tells it better
            folder = self.home / notices.IN_HOME
            earlier = notices.read_notices(folder, notices.MEMORY)
            notices.write_notice(folder, notices.MEMORY, _KILLED, replaces=earlier)
            kinds.append(notices.MEMORY)
        self._killed = killed
        return kinds

    def _new_material(self) -> bool:
        now = stamp(material_folder())
        if now == self._stamp:
            return False
        try:
            outcome = place.place_material(self.home)
        except Exception:  # in a full home, for one: what else is new must be told all the same
            if now != self._failed:
                self._log.exception("skrt-workspace: new material could not be placed; it is tried again")
            self._failed = now
            return False
        if outcome.busy:
            return False
        self._stamp = now  # what could not be told cannot be told later, either: by then it is no change any more
        return bool(news.tell(self.home, outcome))


def _full_name(warning: str) -> str:
    """What is dismissed with it: the sizes in it change while the folder stays full."""
    return _FULL + warning.partition(":")[0].rpartition("/")[2]


def _is_left(notice: Path) -> bool:
    """Whether somebody else left it: a kernel that saw a patient's data, or in a pod the hub."""
    return notice.name.endswith((f"-{notices.PATIENTS}.json", f"-{notices.MESSAGE}.json"))


def _times_killed() -> int:
    """How often the kernel ended a process of this container for memory (cgroup v2, memory.events, oom_kill)."""
    try:
        lines = _OOM_COUNTS.read_text(encoding="ascii").splitlines()
        return int(dict(line.split() for line in lines)["oom_kill"])
    except (OSError, ValueError, KeyError):
        return 0


def _read_seen(home: Path) -> set[str]:
    try:
        found = json.loads(read_own(home / _SEEN))
        return {str(name) for name in found}
    except (OSError, ValueError, TypeError, RecursionError):
        return set()


def _written(notice: notices.Notice) -> float:
    """When a notice was written, from its name."""
    try:
        return int(notice.name.split("-")[0]) / 1e9
    except ValueError:
        return 0.0
