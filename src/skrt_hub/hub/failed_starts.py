"""Word of servers that did not start, for those who look after the class."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.hub.names import folder_for
from skrt_hub.layout import Layout


def note(layout: Layout, name: str, word: str, why: str) -> None:
    """Leave word of a server that did not start; a full disk is no matter here.

    A start that was cut short because the hub itself is being stopped did not fail.
    """
    if not layout.expected.exists():
        return
    with contextlib.suppress(OSError):
        ensure_folder(layout.run / "servers", mode=0o700)
        noted = {"name": name, "word": word, "why": " ".join(why.split()), "when": datetime.now(UTC).isoformat()}
        write_json(_file(layout, name), noted, mode=0o600)


def forget(layout: Layout, name: str) -> None:
    """The server has started since, or its participant is no longer known."""
    _file(layout, name).unlink(missing_ok=True)


def noted(layout: Layout) -> list[tuple[str, str, str, str]]:
    """Name, word, reason and time of each start that failed and was not followed by one that did not."""
    found = [read_json(file) or {} for file in sorted((layout.run / "servers").glob("*.failed"))]
    keys = ("name", "word", "why", "when")
    return [(row["name"], row["word"], row["why"], row["when"]) for row in found if row.keys() >= set(keys)]


def _file(layout: Layout, name: str) -> Path:
    return layout.run / "servers" / f"{folder_for(name)}.failed"
