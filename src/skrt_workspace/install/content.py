"""What a folder of the project holds, as a hash: which code something was made by."""

from __future__ import annotations

import hashlib
from pathlib import Path


def files_of(folder: Path) -> list[Path]:
    """All files below it in order; byte code and hidden files do not count."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and _counts(path.relative_to(folder)))


def content_hash(folder: Path) -> str:
    """The SHA-256 of all its files, by name and content."""
    digest = hashlib.sha256()
    for path in files_of(folder):
        name = path.relative_to(folder).as_posix()
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _counts(path: Path) -> bool:
    return not any(part == "__pycache__" or part.startswith(".") for part in path.parts)
