"""How many tasks run at once: what the hub hands out, and no more than one's own share of the processors."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path

from skrt_workspace import workers
from skrt_workspace.cohort import files

LEAST = 1
_JOBS = 10
"""Jobs of Slurm where nothing is said: a number that no site takes amiss."""
_FRESH = 60.0
"""Seconds for which the hub's word holds. A server that hears nothing more goes on with one task."""


def folder() -> Path | None:
    """Where the server and the runner leave each other word; None where there is no server of a hub."""
    place = os.environ.get("JUPYTER_RUNTIME_DIR", "")
    return Path(place) if place and os.environ.get("JUPYTERHUB_API_URL") else None


def own_processors() -> int:
    """Whole processors of one's own."""
    try:
        limit = float(os.environ["CPU_LIMIT"])
    except (KeyError, ValueError):
        limit = math.inf
    return max(1, min(len(os.sched_getaffinity(0)), math.floor(limit) if limit < math.inf else 1 << 20))


def leave(granted: int) -> None:
    """The hub's word, as the server heard it."""
    if (place := folder()) is not None:
        files.write(place / "cohort-share.json", json.dumps({"workers": granted, "heard": time.time()}).encode())


def at_once(wanted: int = 0) -> int:
    """How many tasks may run now. `wanted`: no more than that, 0 for as many as there may be."""
    if workers.engine() == workers.SLURM:
        return wanted or _JOBS
    # Workers elsewhere have processors of their own.
    most = min((1 << 20) if workers.engine() == workers.GATEWAY else own_processors(), wanted or 1 << 20)
    place = folder()
    if place is None:
        return most
    try:
        told = json.loads(files.read(place / "cohort-share.json", 4096))
        fresh = time.time() - float(told["heard"]) < _FRESH
        return max(0, min(most, int(told["workers"]))) if fresh else LEAST
    except (OSError, ValueError, KeyError, TypeError):
        return LEAST


def say(running: int, waiting: int, cohort: str) -> None:
    """The runner's word, for the server and for notebooks."""
    place = folder() or _own_place()
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = json.dumps({"running": running, "waiting": waiting, "cohort": cohort})
        partial = place / f".cohort-now.{os.getpid()}"
        partial.write_text(text, encoding="utf-8")
        partial.replace(place / "cohort-now.json")
    except OSError:
        return


def said() -> tuple[int, int, str]:
    """How many tasks run and wait, and of which cohort, as the runner said last."""
    try:
        told = json.loads(files.read((folder() or _own_place()) / "cohort-now.json", 4096))
        return max(0, int(told["running"])), max(0, int(told["waiting"])), str(told["cohort"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0, ""


def _own_place() -> Path:
    return Path.home() / ".local/state/skrt-workspace"
