"""Which scikit-rt is mended: releases before 0.9.0, the first one made for current libraries."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType

FIRST_GOOD = (0, 9)


def needs_mending(module: ModuleType) -> bool:
    """Whether the package `skrt` that is being imported is one that needs the mends.

    The version is that of the installed distribution, or of the `pyproject.toml` beside a checkout's sources.
    Where neither is known the mends are made: they only put back names that are gone.
    """
    version = _version(Path(str(module.__file__)).resolve().parent if module.__file__ else None)
    return version is None or version < FIRST_GOOD


def _version(folder: Path | None) -> tuple[int, ...] | None:
    try:
        installed = distribution("scikit-rt")
    except PackageNotFoundError:
        installed = None
    if installed is not None and (folder is None or Path(str(installed.locate_file("skrt"))).resolve() == folder):
        return _numbers(installed.version)
    if folder is not None:
        for parent in folder.parents[:2]:
            found = re.search(r'^version\s*=\s*"([^"]+)"', _text(parent / "pyproject.toml"), re.MULTILINE)
            if found:
                return _numbers(found.group(1))
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
