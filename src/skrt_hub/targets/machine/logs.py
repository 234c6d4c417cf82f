"""Reading the logs of a hub on this machine."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from skrt_hub.errors import UnknownNameError, never_logged_in
from skrt_hub.hub.names import Places
from skrt_hub.layout import Layout
from skrt_hub.likeness import meant
from skrt_hub.policy.log_in import listed
from skrt_hub.settings.model import Settings

PARTS = ("hub", "proxy", "assets", "supervisor", "page", "announcer", "fork-server", "culler")


def read_log(layout: Layout, settings: Settings, part: str, *, lines: int, follow: bool) -> Iterator[str]:
    """The last `lines` lines of a log, then, with `follow`, those that are added.

    Raises UnknownNameError, or StateError for a participant who never logged in.
    """
    return _read(_file(layout, settings, part), lines, follow=follow)


def _file(layout: Layout, settings: Settings, part: str) -> Path:
    if part in PARTS:
        return layout.log / f"{part}.log"
    name = part.lower()
    places = {place.name: place for place in Places(layout.folders).all()}
    in_settings = listed(settings)
    if name not in places and name in in_settings:
        raise never_logged_in(name)
    if name not in places:
        raise UnknownNameError(
            f"There is no log of {part!r}.",
            why="It is neither a part of the hub nor the name of a participant.",
            remedy=f"{meant(name, (*PARTS, *places, *in_settings))}"
            f"Choose one of {', '.join(PARTS)}, or a name from: skrt-hub status",
        )
    return layout.server_log(places[name].folder)


def _read(file: Path, lines: int, *, follow: bool) -> Iterator[str]:
    if not file.exists():
        return
    with file.open(encoding="utf-8", errors="replace") as stream:
        for line in deque(stream, maxlen=lines):
            yield line.rstrip("\n")
        while follow:
            line = stream.readline()
            if line:
                yield line.rstrip("\n")
            else:
                time.sleep(0.2)
