"""What JupyterLab shows first: the course's notebooks, the organiser's text, what is new, and one's own limits.

The hub gives its part in a variable. The rest is read from the home, which is the participant's own: whatever stands
there is shown to nobody else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from skrt_workspace.home.notices import MATERIAL, Notice
from skrt_workspace.home.own_file import read_own
from skrt_workspace.home.space import measure
from skrt_workspace.home.tree import Tree
from skrt_workspace.material.original import placed_paths
from skrt_workspace.material.source import EXAMPLES_NAME
from skrt_workspace.shared_folders import linked, shared_folders

VARIABLE = "SKRT_START_PAGE"
"""JSON with `title`, `welcome` (Markdown) and `idle` (seconds, 0: never)."""
_MOST = 100  # notebooks of one folder
_LARGEST = 5_000_000  # bytes of a notebook whose heading is read


def start_page(home: Path, notices: Iterable[Notice]) -> dict[str, Any]:
    """All of it, as JSON can carry it. Sizes are in bytes, times in seconds; what is not known is None."""
    given = _given()
    space = measure(home)
    return {
        "title": given.get("title", ""),
        "welcome": given.get("welcome", ""),
        "folders": _folders(home),
        "shared": _shared(home),
        "news": [notice.text for notice in notices if notice.kind == MATERIAL],
        "limits": {
            "memory": _number("MEM_LIMIT"),
            "processors": _number("CPU_LIMIT"),
            "home": {"used": space.used, "limit": space.limit, "free": space.free},
            "idle": given.get("idle"),
        },
    }


def _given() -> dict[str, Any]:
    try:
        document = json.loads(os.environ.get(VARIABLE, "{}"))
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _number(variable: str) -> float | None:
    try:
        return float(os.environ.get(variable, "")) or None
    except ValueError:
        return None


def _folders(home: Path) -> list[dict[str, Any]]:
    """The placed notebooks that are still there, by folder: the organiser's first, the bundled examples last."""
    tree = Tree(home)
    folders: dict[str, list[str]] = {}
    for path, name in sorted(placed_paths(home).items()):
        if path.endswith(".ipynb") and tree.exists(path):
            folders.setdefault(name.partition("/")[0], []).append(path)
    return [
        {
            "name": name,
            "notebooks": [{"path": path, "heading": _heading(home / path)} for path in folders[name][:_MOST]],
            "more": max(0, len(folders[name]) - _MOST),
        }
        for name in sorted(folders, key=lambda name: (name == EXAMPLES_NAME, name))
    ]


def _shared(home: Path) -> list[dict[str, Any]]:
    """The folders shared with others. link: the path in the home that leads there, or nothing."""
    return [
        {
            "name": folder.name,
            "path": folder.path,
            "write": folder.write,
            "used": folder.used,
            "limit": folder.limit,
            "link": folder.name if linked(home, folder) else "",
        }
        for folder in shared_folders()
    ]


def _heading(file: Path) -> str:
    """The first heading of a notebook; empty where there is none, or no notebook that can be read."""
    try:
        cells = json.loads(read_own(file, _LARGEST))["cells"]
        for cell in cells:
            for line in "".join(cell["source"]).splitlines() if cell["cell_type"] == "markdown" else ():
                if line.startswith("# "):
                    return line[2:].strip()[:200]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return ""
