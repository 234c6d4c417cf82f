"""The marker that makes an environment valid: written last, and telling later what was there.

It lists every folder and file but byte code with size, time and mode, so that a look of some ten milliseconds notices
an interrupted build, a deleted package, an edited file or one that participants could not read any more.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from skrt_hub.environment.identity import Environment, Identity
from skrt_hub.files import read_json, write_atomically

NAME = "skrt-hub-environment.json"
FORMAT = 1
_SECOND = 1_000_000_000


def write(environment: Environment, *, packages: str) -> None:
    """Declare the environment in its folder to be whole. `packages` is the identity of what uv installed there."""
    folder = environment.folder
    watched = {str(path.relative_to(folder)): _seen(path) for path in _to_watch(folder)}
    content = {
        "format": FORMAT,
        "folder": str(folder),
        "hash": environment.hash,
        "packages": packages,
        "python": environment.python_version,
        "base_prefix": str(environment.base_prefix),
        "watched": watched,
    }
    write_atomically(folder / NAME, json.dumps(content))


def read(folder: Path) -> Environment | None:
    """The environment in `folder`, or None where it is missing, unfinished or damaged."""
    content = read_json(folder / NAME)
    return None if content is None or damage(folder, content) is not None else _named(folder, content)


def finished(folder: Path) -> Environment | None:
    """The environment that was built in `folder` to its end, or None. Nobody looks whether it is whole still."""
    content = read_json(folder / NAME)
    return _named(folder, content) if isinstance(content, dict) and content.get("format") == FORMAT else None


def _named(folder: Path, content: dict[str, Any]) -> Environment:
    return Environment(folder, content["hash"], content["python"], Path(content["base_prefix"]))


def most_alike(places: Iterable[Path], identity: Identity) -> Environment | None:
    """A whole environment with the Python of `identity`, and with its packages, too, where there is one; or None."""
    folders = [folder for place in places if place.is_dir() for folder in sorted(place.iterdir()) if folder.is_dir()]
    documents = [(folder, read_json(folder / NAME)) for folder in folders]
    python = (identity.python.version_text, str(identity.python.base_prefix))
    alike = [
        (content.get("packages") != identity.packages, folder)
        for folder, content in documents
        if isinstance(content, dict) and (content.get("python"), content.get("base_prefix")) == python
    ]
    return next((found for _, folder in sorted(alike) if (found := read(folder)) is not None), None)


def damage(folder: Path, content: dict[str, Any] | None = None) -> str | None:
    """What is wrong with the environment in `folder`, in words, or None where nothing is."""
    content = content if content is not None else read_json(folder / NAME)
    if not isinstance(content, dict) or not content.get("watched"):
        return "it was not built to its end"
    if content.get("format") != FORMAT:
        return "another skrt-hub built it"
    if content.get("folder") != str(folder):  # its programs name their folder
        return f"it was built as {content.get('folder')}"
    root = str(folder)
    for name, expected in content["watched"].items():
        try:
            found = _seen_by_path(f"{root}/{name}")
        except OSError:
            return f"{name} is missing"
        if not _is_same(found, expected):
            return f"{name} has changed"
    return None


def _is_same(found: list[int], expected: list[int]) -> bool:
    """Whether a file is as it was. An image's layers and archives keep whole seconds of its time only."""
    size, time, *mode = expected  # markers of before have no modes
    cut = found[1] % _SECOND == 0 and abs(found[1] - time) < _SECOND
    return found[0] == size and (found[1] == time or cut) and found[2 : 2 + len(mode)] == mode


def _to_watch(folder: Path) -> Iterator[Path]:
    """All folders and files, but for byte code."""
    for root, folders, files in os.walk(folder):
        if "__pycache__" in folders:
            folders.remove("__pycache__")
        at = Path(root)
        if at != folder:
            yield at
        for name in files:
            path = at / name
            if path != folder / NAME and path.exists():
                yield path


def _seen(path: Path) -> list[int]:
    return _seen_by_path(str(path))


def _seen_by_path(path: str) -> list[int]:
    """Size, time of change and mode, following links (the Python itself is one). A folder's size says nothing."""
    seen = os.stat(path)  # noqa: PTH116 - this runs some thousand times, and pathlib would double its cost
    return [0 if stat.S_ISDIR(seen.st_mode) else seen.st_size, seen.st_mtime_ns, stat.S_IMODE(seen.st_mode)]
