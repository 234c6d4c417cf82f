"""A folder that somebody named for what is to be written: it appears whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skrt_workspace.home.walk import remove_tree


def unsuitable(target: Path, source: Path) -> str:
    """Why `target` cannot be a new folder for what is made of `source`, or nothing."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        return f"{target} holds something already. Name a new folder."
    if target.resolve().is_relative_to(source.resolve()):
        return f"{target} lies in {source}. Name a folder elsewhere."
    return ""


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A folder (0700) to write into, which becomes `target` at the end of the block; where that fails nothing is left.

    What a killed program left is removed first. Raises OSError.
    """
    partial = target.with_name(f".{target.name}.unfinished")
    _clear(partial)
    partial.mkdir(parents=True)
    partial.chmod(0o700)
    try:
        yield partial
        if target.exists():
            target.rmdir()
        partial.rename(target)
    except BaseException:
        _clear(partial)
        raise


def _clear(folder: Path) -> None:
    if os.path.lexists(folder):
        remove_tree(folder)
