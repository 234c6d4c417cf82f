"""Notices: short messages that the participant sees in JupyterLab, as files.

Two folders hold them: the hub's, shown read-only in the sandbox, and one in the home, for what happened there. Each
notice is a file `<nanoseconds>-<kind>.json` with `kind`, `text` and `time`; names sort by time. What is said about one
thing again, before the participant dismissed it, takes the place of the notice before: one of each kind is enough.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skrt_workspace import system
from skrt_workspace.home.own_file import read_own

IN_HOME = ".local/share/skrt-workspace/notices"
MATERIAL = "material"
RECOVERED = "recovered"
SPACE = "space"
MEMORY = "memory"
PATIENTS = "patients"
MESSAGE = "message"
_LONGEST = 20_000
_MOST_KEPT = 50


def from_hub() -> Path:
    """The folder of the hub's notices, as the participant's server sees it."""
    return Path(os.environ.get("SKRT_NOTICES", "/run/skrt/notices"))


@dataclass(frozen=True)
class Notice:
    """One message. `name` is its file's name, and identifies it; `time` is as ISO 8601 has it.

    facts: what the text was made from, for who has to say it again together with something new.
    """

    name: str
    kind: str
    text: str
    time: str
    facts: dict[str, Any] = field(default_factory=dict)


def write_notice(
    folder: Path,
    kind: str,
    text: str,
    *,
    facts: dict[str, Any] | None = None,
    replaces: Iterable[Notice] = (),
    mode: int = 0o600,
) -> None:
    """Leave a notice in `folder`, in place of those that it `replaces`; the oldest go where there are very many.

    `mode` is the file's; the hub's own notices are read by the participant, who is another user.

    Raises OSError; what was there before is then still there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).isoformat()
    handle, temporary = tempfile.mkstemp(prefix=".", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            system.set_mode(stream.fileno(), mode)
            json.dump({"kind": kind, "text": text[:_LONGEST], "time": now, "facts": facts or {}}, stream)
        Path(temporary).replace(folder / f"{time.time_ns()}-{kind}.json")
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    remove(folder, replaces)
    for old in sorted(folder.glob("*.json"))[:-_MOST_KEPT]:
        old.unlink(missing_ok=True)


def remove(folder: Path, gone: Iterable[Notice]) -> None:
    """Take notices out of `folder`. Raises OSError."""
    for notice in gone:
        (folder / notice.name).unlink(missing_ok=True)


def read_notices(folder: Path, kind: str | None = None) -> list[Notice]:
    """All notices in `folder`, or those of one kind, the oldest first; files that are no notices are passed over."""
    found: list[Notice] = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            told = json.loads(read_own(path))
            text, facts = str(told["text"])[:_LONGEST], told.get("facts")
            usable = facts if isinstance(facts, dict) else {}
            found.append(Notice(path.name, str(told["kind"]), text, str(told["time"]), usable))
    return [notice for notice in found if kind in (None, notice.kind)]
