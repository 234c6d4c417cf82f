"""Notices: short messages that the participant sees in JupyterLab, as files.

Two folders hold them: the hub's, shown read-only in the sandbox, and one in the home, for what happened there. Each
notice is a file `<nanoseconds>-<kind>.json` with `kind`, `text` and `time`; names sort by time.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

IN_HOME = ".local/share/skrt-workspace/notices"
MATERIAL = "material"
RECOVERED = "recovered"
SPACE = "space"
MEMORY = "memory"
_LONGEST = 4000
_MOST_KEPT = 50


def from_hub() -> Path:
    """The folder of the hub's notices, as the participant's server sees it."""
    return Path(os.environ.get("SKRT_NOTICES", "/run/skrt/notices"))


@dataclass(frozen=True)
class Notice:
    """One message. `name` is its file's name, and identifies it; `time` is as ISO 8601 has it."""

    name: str
    kind: str
    text: str
    time: str


def write_notice(folder: Path, kind: str, text: str) -> None:
    """Leave a notice in `folder`; the oldest go where there are very many. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).isoformat()
    handle, temporary = tempfile.mkstemp(prefix=".", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"kind": kind, "text": text[:_LONGEST], "time": now}, stream)
        Path(temporary).replace(folder / f"{time.time_ns()}-{kind}.json")
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    for old in sorted(folder.glob("*.json"))[:-_MOST_KEPT]:
        old.unlink(missing_ok=True)


def read_notices(folder: Path) -> list[Notice]:
    """All notices in `folder`, the oldest first; files that are no notices are passed over."""
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            facts = json.loads(path.read_text(encoding="utf-8"))
            found.append(Notice(path.name, str(facts["kind"]), str(facts["text"])[:_LONGEST], str(facts["time"])))
    return found
