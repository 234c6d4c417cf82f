"""The log-in accounts that are saved with the homes."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from skrt_hub.errors import CopyError


def entries_in(data: bytes, names: Collection[str]) -> dict[str, Any]:
    """Of a saved accounts file, the entries of these names. Raises CopyError where it is damaged."""
    if not data:
        return {}
    try:
        table = json.loads(data)["accounts"]
        return {str(name): entry for name, entry in table.items() if name in names and isinstance(entry, dict)}
    except (ValueError, KeyError, AttributeError, TypeError):
        raise CopyError("The saved accounts are damaged.", why="They are no list of accounts.") from None
