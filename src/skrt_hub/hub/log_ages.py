"""Logs have an age: what is older than hub.yaml's `logs.keep` is cut away, line by line.

Times are read from the lines themselves. A line without one belongs to the line before it. Times that have not come yet
count for nothing: a participant could print one to have a log kept for ever.
"""

from __future__ import annotations

import os
import re
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
    logs = [*layout.log.glob("*.log"), *(layout.log / "servers").glob("*.log")]
    return [log.name for log in logs if _cut(log, moment - timedelta(seconds=keep), moment + _CLOCKS)]


def _cut(log: Path, since: datetime, until: datetime) -> bool:
    """What writes it goes on at the end (O_APPEND), so the file must stay the same one."""
    try:
        handle = os.open(log, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return False
    with os.fdopen(handle, "r+b", buffering=0) as file:
        found = os.fstat(handle)
        data = file.read(found.st_size)
        begin = _begin(data, since, until, quiet=datetime.fromtimestamp(found.st_mtime) < since)
        if not begin:
            return False
        rest = data[begin:] + file.read()  # what was written meanwhile, too
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
