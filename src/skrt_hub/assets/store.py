"""Where a file that a browser asks for lies, and its compressed form, kept in memory once it was asked for."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import os
import re
from dataclasses import dataclass
from pathlib import Path

_USER = re.compile(r"/user/[^/]+/(static/lab|lab/extensions)/(.+)")
_HUB = re.compile(r"/hub/static/(.+)")
_PART = re.compile(r"[A-Za-z0-9@_+-][A-Za-z0-9@_+.-]*")
_COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg")
_WORTH_IT = 1000  # bytes; below that the headers outweigh what is saved


@dataclass(frozen=True)
class Asset:
    """One file: its content, the same as gzip where that is smaller, its type, and a tag that changes with it."""

    body: bytes
    compressed: bytes | None
    kind: str
    tag: str


def find(path: str) -> tuple[str, str] | None:
    """For the path of a request: the root (`lab`, `extensions` or `hub`) and the file below it; None: not ours."""
    if match := _USER.fullmatch(path):
        root, name = ("lab" if match[1] == "static/lab" else "extensions"), match[2]
    elif match := _HUB.fullmatch(path):
        root, name = "hub", match[1]
    else:
        return None
    # No part may begin with a dot: no way up, and no hidden file.
    return (root, name) if all(_PART.fullmatch(part) for part in name.split("/")) else None


class Store:
    """The files below some roots. Roots are opened at once and kept, so that rights can be given up afterwards."""

    def __init__(self, roots: dict[str, Path]) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        self._roots = {name: os.open(root, flags) for name, root in roots.items()}
        self._kept: dict[tuple[str, str], Asset] = {}

    def get(self, root: str, name: str) -> Asset | None:
        """The file, or None where there is none."""
        kept = self._kept.get((root, name))
        if kept is not None:
            return kept
        try:
            handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._roots[root])
            with os.fdopen(handle, "rb") as stream:
                asset = make(name, stream.read())
        except (OSError, KeyError):
            return None
        self._kept[root, name] = asset
        return asset


def make(name: str, body: bytes) -> Asset:
    """A file as it is sent."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    compressed = None
    if kind.startswith(_COMPRESSED) and len(body) >= _WORTH_IT:
        packed = gzip.compress(body, compresslevel=6, mtime=0)
        compressed = packed if len(packed) < len(body) else None
    charset = "; charset=utf-8" if kind.startswith(("text/", "application/javascript")) else ""
    return Asset(body, compressed, kind + charset, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
