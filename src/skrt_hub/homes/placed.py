"""What the material gave to a home, by the home's own record.

The record is the participant's file: it may only tell what was given from what was edited, and decides nothing else.
"""

from __future__ import annotations

import json
from typing import Any

from skrt_hub.homes.access import Home, Homes
from skrt_workspace.home.content import whole
from skrt_workspace.material.record import FILE, FOLDER


def given_to(homes: Homes, home: Home) -> dict[str, tuple[str, ...]]:
    """For each placed file, by its path in the home, the digests of what was placed there; nothing without a record."""
    try:
        with homes.reading(home, f"{FOLDER}/{FILE}") as file:
            document: Any = json.loads(whole(file.pieces(), file.facts.size))
        rows = list(document["files"].values())
        return {
            str(row["at"]): tuple(str(row[key]) for key in ("placed", "offered") if row.get(key) is not None)
            for row in rows
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
