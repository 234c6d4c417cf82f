"""A participant shows their notebooks to the organisers for a while: a file in the home says until when.

The participant's server writes the file, and the hub reads it before each look. Nobody but the owner of the home can
write it, and it says nothing that the hub has to believe but the owner's own consent.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

from skrt_workspace.home.own_file import read_own, write_own

FILE = ".local/share/skrt-workspace/showing.json"
LONGEST = 4 * 3600
"""Seconds for which notebooks are shown at most, however long the file says."""
_LARGEST = 1000


def show(home: Path, seconds: float) -> float:
    """Show the notebooks for so long, at most LONGEST; until when (seconds since 1970). Raises OSError."""
    end = time.time() + min(seconds, LONGEST)
    write_own(home / FILE, json.dumps({"until": end}))
    return end


def stop(home: Path) -> None:
    """Show them no longer. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        (home / FILE).unlink()


def shown_until(home: Path) -> float:
    """Until when they are shown (seconds since 1970), or 0."""
    try:
        return until(read_own(home / FILE), time.time())
    except OSError:
        return 0.0


def until(written: bytes, now: float) -> float:
    """What the file says, as far as it holds at `now`; 0 where it says nothing that can be understood."""
    try:
        end = json.loads(written[:_LARGEST])["until"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0.0
    if type(end) not in (int, float) or not now < end <= now + LONGEST + 60:
        return 0.0
    return float(end)
