"""Which Python participants get: the one that hub.yaml asks for, else the newest that is here and that we test with.

3.13 runs plain Python code half as fast again as 3.11, so it is worth a look beyond the Python that skrt-hub runs on.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.environment import marker, uv
from skrt_hub.environment.identity import OLDEST_PYTHON
from skrt_hub.errors import PrerequisiteError, ProgramError
from skrt_hub.process import run

NEWEST_PYTHON = (3, 13)
"""The newest that the lock is tested with."""


@dataclass(frozen=True)
class Found:
    """A Python of this machine."""

    version: tuple[int, ...]
    path: Path

    @property
    def minor(self) -> tuple[int, ...]:
        return self.version[:2]


def choose(wanted: str = "", before: Path | None = None) -> Path | None:
    """The Python to make the environment with; None is the one that skrt-hub runs on.

    `wanted` is a version such as 3.13, or nothing: then it is that of the environment `before`, where there is one, so
    that a class's Python does not change by itself, else the newest. Raises PrerequisiteError where it is not here.
    """
    kept = marker.finished(before) if before is not None else None
    if (
        kept is not None
        and os.access(kept.python, os.X_OK)
        and (not wanted or kept.python_version.startswith(f"{wanted}."))
    ):
        same = (kept.python_version, kept.base_prefix) == (platform.python_version(), Path(sys.base_prefix))
        return None if same else kept.python
    own = Found(tuple(sys.version_info[:3]), Path(sys.executable))
    target = tuple(map(int, wanted.split("."))) if wanted else NEWEST_PYTHON
    if own.minor == target:
        return None
    found = installed()
    chosen = newest([own, *found], exactly=target if wanted else None)
    if chosen is None:
        versions = sorted({one.version for one in (own, *found)})
        here = ", ".join(".".join(map(str, version)) for version in versions)
        raise PrerequisiteError(
            f"hub.yaml asks for Python {wanted}, which is not on this machine.",
            why=f"Found: {here}.",
            remedy=f"Install it (sudo apt install python{wanted} python{wanted}-venv, or: uv python install {wanted}), "
            "or leave `environment: python` out of hub.yaml.",
        )
    return None if chosen == own else chosen.path


def newest(found: list[Found], *, exactly: tuple[int, ...] | None = None) -> Found | None:
    """The newest of those that can be used; of two with the same version the first."""
    if exactly is not None:
        usable = [one for one in found if one.minor == exactly]
    else:
        usable = [one for one in found if OLDEST_PYTHON <= one.minor <= NEWEST_PYTHON]
    return max(usable, key=lambda one: one.minor, default=None)


def installed() -> list[Found]:
    """The Pythons that uv finds on this machine, without those of another kind (PyPy, free threading)."""
    words = [uv.program(), "python", "list", "--only-installed", "--output-format", "json"]
    try:
        answer = run(words, deadline=60, environment=uv.environment())
        listed = json.loads(answer.out)
        return [
            Found(tuple(int(part) for part in entry["version"].split(".")), Path(entry["path"]))
            for entry in listed
            if entry["implementation"] == "cpython"
            and entry.get("variant", "default") == "default"
            and entry["version"].replace(".", "").isdigit()
            and entry.get("arch", platform.machine()) == platform.machine()
        ]
    except (ProgramError, ValueError, KeyError):  # then the Python at hand has to do
        return []
