"""Logs have an age: what is older than hub.yaml's `logs.keep` is cut away, line by line.

Times are read from the lines themselves. A line without one belongs to the line before it. Times that have not come yet
count for nothing: a participant could print one to have a log kept for ever.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from skrt_hub.layout import Layout

_TIME = re.compile(rb"^(?:\[[A-Z] )?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)", re.MULTILINE)
_CLOCKS = timedelta(days=1)  # some parts write UTC, some the local time


def cut_old_lines(layout: Layout, keep: int, now: datetime | None = None) -> list[str]:
    """Cut lines older than `keep` seconds from every log; the names of the logs that were cut. 0: keep all."""
    if not keep:
        return []
    moment = now or datetime.now()
    since, until = moment - timedelta(seconds=keep), moment + _CLOCKS

    def newer(data: bytes, changed: float) -> bytes:
        return data[_begin(data, since, until, quiet=datetime.fromtimestamp(changed) < since) :]

    return [log.name for log in logs_of(layout) if rewrite(log, newer)]


def logs_of(layout: Layout) -> list[Path]:
    """Every log on this computer, of parts and of servers."""
    return [*layout.log.glob("*.log"), *(layout.log / "servers").glob("*.log")]


def rewrite(log: Path, change: Callable[[bytes, float], bytes]) -> bool:
    """Put `change(what is in the log, when it was changed)` in its place; whether that was something else.

    What writes the log goes on at the end (O_APPEND), so the file must stay the same one.
    """
    try:
        handle = os.open(log, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return False
    with os.fdopen(handle, "r+b", buffering=0) as file:
        found = os.fstat(handle)
        data = file.read(found.st_size)
        changed = change(data, found.st_mtime)
        if changed == data:
            return False
        rest = changed + file.read()  # what was written meanwhile, too
        file.truncate(0)
        file.seek(0)
        file.write(rest)
        os.utime(log, ns=(found.st_atime_ns, found.st_mtime_ns))
        return True


def _begin(data: bytes, since: datetime, until: datetime, *, quiet: bool) -> int:
    """Where that begins which is kept; all goes from a log to which nothing was written since then."""
    if quiet:
        return len(data)
    old = 0
    for line in _TIME.finditer(data):
        try:
            time = datetime.fromisoformat(f"{line[1].decode()} {line[2].decode()}")
        except ValueError:
            continue
        if since <= time <= until:
            return line.start() if old else 0
        old += time < since
    return 0
