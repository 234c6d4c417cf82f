"""What participants show to the organisers: which of their notebooks there are, and one of them as it was saved last.

The owner of a home decides (skrt_workspace.home.showing), and is asked anew at each look. Nothing is asked of the
participant's server, and nothing in the home is run or changed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from skrt_hub.errors import RefusedError, StateError
from skrt_hub.homes.access import Home, Homes, of_people
from skrt_workspace.home.scan import FILE, HARD_LINK, Entry
from skrt_workspace.home.showing import FILE as CONSENT
from skrt_workspace.home.showing import until

LARGEST = 16 * 2**20
"""Bytes of a notebook that can be looked at."""
_MOST = 100


@dataclass(frozen=True)
class ShownFile:
    """A notebook: its path in the home, and when it was saved last (seconds since 1970)."""

    path: str
    saved: float


@dataclass(frozen=True)
class Shown:
    """What somebody shows, newest first. `until`: seconds since 1970; 0 where nothing is shown now."""

    until: float
    files: tuple[ShownFile, ...] = ()


def shown(homes: Homes, name: str) -> Shown:
    """What `name` shows now. Raises SkrtHubError where homes cannot be reached."""
    home = _home(homes, name)
    if home is None or not (end := _until(homes, home)):
        return Shown(0)
    files = sorted((ShownFile(entry.path, entry.mtime / 1e9) for entry in _notebooks(homes, home)), key=_newest_first)
    return Shown(end, tuple(files[:_MOST]))


def shown_file(homes: Homes, name: str, path: str) -> bytes:
    """The content of one of these notebooks. Raises RefusedError where it is not shown, StateError where it is gone."""
    home = _home(homes, name)
    if home is None or not _until(homes, home):
        raise RefusedError(f"{name} does not show notebooks now.")
    entry = next((entry for entry in _notebooks(homes, home) if entry.path == path), None)
    if entry is None:
        raise StateError(f"{path} is not there any more.")
    if entry.size > LARGEST:
        raise RefusedError(f"{path} has more than {LARGEST // 2**20} MB.")
    try:
        return _content(homes, home, path, LARGEST)
    except OSError:
        raise StateError(f"{path} could not be read.") from None


def _home(homes: Homes, name: str) -> Home | None:
    return next((home for home in of_people(homes) if home.name == name), None)


def _until(homes: Homes, home: Home) -> float:
    try:
        return until(_content(homes, home, CONSENT, 1000), time.time())
    except OSError:
        return 0.0


def _notebooks(homes: Homes, home: Home) -> Iterator[Entry]:
    """Regular files alone: what a link leads to may be somebody else's."""
    for entry in homes.scan(home):
        hidden = any(part.startswith(".") for part in entry.path.split("/"))
        if entry.kind in (FILE, HARD_LINK) and entry.path.endswith(".ipynb") and not hidden:
            yield entry


def _content(homes: Homes, home: Home, path: str, largest: int) -> bytes:
    found = bytearray()
    with homes.reading(home, path) as file:
        for piece in file.pieces():
            if not isinstance(piece, bytes) or len(found) + len(piece) > largest:
                raise OSError("it is larger than it was, or has a hole")
            found += piece
    return bytes(found)


def _newest_first(file: ShownFile) -> tuple[float, str]:
    return -file.saved, file.path
