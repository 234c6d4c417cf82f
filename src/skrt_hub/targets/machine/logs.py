"""Reading the logs of a hub on this machine."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from skrt_hub.errors import UnknownNameError
from skrt_hub.hub.names import Places
from skrt_hub.layout import Layout

PARTS = ("hub", "proxy", "assets", "supervisor", "fork-server", "culler")


def read_log(layout: Layout, part: str, *, lines: int, follow: bool) -> Iterator[str]:
    """The last `lines` lines of a log, then, with `follow`, those that are added. Raises UnknownNameError."""
    return _read(_file(layout, part), lines, follow=follow)


def _file(layout: Layout, part: str) -> Path:
    if part in PARTS:
        return layout.log / f"{part}.log"
    place = Places(layout.folders).find(part.lower())
    if place is None:
        raise UnknownNameError(
            f"There is no log of {part!r}.",
            why="It is neither a part of the hub nor the name of a participant who has logged in.",
            remedy=f"Choose one of {', '.join(PARTS)}, or a name from: skrt-hub status",
        )
    return layout.server_log(place.folder)


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
