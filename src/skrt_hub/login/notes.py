"""What the hub writes down beside the accounts, for `status`: names that are guessed at, and what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Notes:
    """One file of the hub's own: `attempts` (by name: tries and places), `trouble` (words, or nothing)."""

    def __init__(self, accounts: Path) -> None:
        self._file = accounts.with_name("notes.json")
        self._written: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """What the hub last wrote down; `attempts` and `trouble` are always there."""
        try:
            found = dict(json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            found = {}
        return {"attempts": {}, "trouble": "", **found}

    def write(self, **news: Any) -> None:
        """Write down what is new; nothing where that is known already. Raises OSError."""
        wanted = {**self._written, **news}
        if wanted == self._written:
            return
        temporary = self._file.with_name(f".{self._file.name}.new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(wanted), encoding="utf-8")
        temporary.replace(self._file)
        self._written = wanted
