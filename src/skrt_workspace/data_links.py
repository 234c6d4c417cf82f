"""Links in a home to shared data, where notebooks that somebody else wrote look for it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "SKRT_DATA_LINKS"
"""JSON: for each place in the home, where it leads."""


def variables(links: Mapping[str, str]) -> dict[str, str]:
    """What a server is told; nothing where there are none."""
    return {VARIABLE: json.dumps(dict(links), sort_keys=True)} if links else {}


def link(home: Path) -> None:
    """Make each where nothing stands; one of ours whose data is gone goes, for a download to take its place."""
    try:
        told = json.loads(os.environ.get(VARIABLE) or "{}")
    except ValueError:
        return
    for name, target in told.items():
        place = home / name
        with contextlib.suppress(OSError):
            if place.is_symlink() and os.fspath(place.readlink()) == target and not Path(target).is_dir():
                place.unlink()
            elif Path(target).is_dir() and not place.is_symlink():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(target)
