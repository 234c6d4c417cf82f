"""Removing environments that no hub uses any more."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from skrt_hub.environment.build import discard
from skrt_workspace import system

_ENVIRONMENT = re.compile(r"[0-9a-f]{16}")
_LEFT_OVER = re.compile(r"[0-9a-f]{16}\.removed-\d+")


def collect_unused(environments: Path, *, keep: Collection[str]) -> list[Path]:
    """Remove every environment below `environments` whose hash is not in `keep`, and return their folders.

    The caller keeps those that running servers were started from. An environment that is being built is left alone.
    """
    removed = []
    for folder in sorted(environments.iterdir()) if environments.is_dir() else []:
        if _LEFT_OVER.fullmatch(folder.name):
            shutil.rmtree(folder, ignore_errors=True)
        elif _ENVIRONMENT.fullmatch(folder.name) and folder.name not in keep and _remove_unless_locked(folder):
            removed.append(folder)
    return removed


def _remove_unless_locked(folder: Path) -> bool:
    lock = folder.with_name(f"{folder.name}.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | system.O_CLOEXEC, 0o644)
    try:
        if not system.lock(handle):
            return False
        discard(folder)
        return True
    finally:
        os.close(handle)
