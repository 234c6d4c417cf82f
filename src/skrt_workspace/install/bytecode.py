"""Byte code for everything in site-packages, because the environment is read-only when participants use it.

Without it every start would compile again: `import skrt` takes 1.5 s with it and 5 s or more without.
"""

from __future__ import annotations

import gc
import importlib.util
import multiprocessing
import os
import py_compile
from collections.abc import Iterable
from pathlib import Path

from skrt_workspace.install.orphans import end_with_parent

# The byte code is marked as "unchecked" (PEP 552): it stays valid when files are copied with new times, as the layers
# of an image are.
MODE = py_compile.PycInvalidationMode.UNCHECKED_HASH


def compile_all(site: Path, like: Path | None = None, packages: Iterable[str] = ("",)) -> int:
    """Compile every module below `site` that has no byte code yet. Returns how many were compiled.

    `packages` are the folders there that are looked at.

    `like` is the site-packages folder of an environment with the same packages, Python and place for each module:
    what is compiled there is taken over. Modules that no Python can compile (templates, Python 2) are left as they are.
    """
    sources = sorted(source for package in packages for source in (site / package).rglob("*.py"))
    missing = [source for source in sources if not _byte_code(source).exists()]
    if like is not None:
        missing = [source for source in missing if not _take_over(source, like / source.relative_to(site))]
    with multiprocessing.get_context("fork").Pool(os.cpu_count() or 1, initializer=_begin) as pool:
        for _ in pool.imap_unordered(_compile, map(str, missing), chunksize=16):
            pass
    return len(missing)


def _byte_code(source: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(source)))


def _take_over(source: Path, other: Path) -> bool:
    """Link the byte code of the same module in another environment, where the two sources are the same."""
    there = _byte_code(other)
    try:
        if not other.samefile(source) and other.read_bytes() != source.read_bytes():
            return False
        target = _byte_code(source)
        target.parent.mkdir(exist_ok=True)
        os.link(there, target)
    except OSError:
        return False
    return True


def _begin() -> None:
    end_with_parent()
    gc.disable()  # a tenth of the time went into looking for garbage, of which compiling leaves none


def _compile(source: str) -> None:
    py_compile.compile(source, doraise=False, quiet=2, invalidation_mode=MODE)
