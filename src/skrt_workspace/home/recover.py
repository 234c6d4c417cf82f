"""Files that a killed save left behind, brought back before the server starts.

jupyter_server saves `name` in three steps (services/contents/fileio.py, `atomic_writing`): it copies the old content to
`.~name`, times included, writes the new content into `name`, and removes `.~name`. When it is killed in between, the
next save overwrites `.~name`, which may be the last whole copy.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from skrt_workspace.home.tree import PART_PREFIX, label
from skrt_workspace.home.walk import Unread, walk

PREFIX = ".~"
BEFORE = "before the interrupted save"
CUT = "interrupted save"
_LARGEST_READ = 256 * 1024 * 1024


def recover(home: Path) -> list[str]:
    """Settle every `.~name` below `home`; returns a sentence for each file that was brought back or kept twice.

    What an interrupted upload left is removed: it was never whole.

    Links are not followed, other file systems not entered. Never removes a content that is not elsewhere in the home.
    """
    messages = []
    for left in _left_behind(home):
        with contextlib.suppress(OSError):
            message = _settle(left)
            if message:
                messages.append(message.format(name=left.with_name(left.name[len(PREFIX) :]).relative_to(home)))
    return messages


def _left_behind(home: Path) -> Iterator[Path]:
    for step in walk(home):
        if isinstance(step, Unread):
            continue
        folders = set(step.folders)
        for name in step.names:
            if name in folders or not name.startswith((PREFIX, PART_PREFIX)):
                continue
            with contextlib.suppress(OSError):
                if not stat.S_ISREG(os.stat(name, dir_fd=step.handle, follow_symlinks=False).st_mode):
                    continue
                if name.startswith(PREFIX):
                    yield home / step.path / name
                else:
                    os.unlink(name, dir_fd=step.handle)


def _settle(old: Path) -> str:
    """Decide by times and content which of the two is whole. Gives the message, with a place for the name."""
    name = old.with_name(old.name[len(PREFIX) :])
    if not name.name:
        return ""
    try:
        found = name.lstat()
    except FileNotFoundError:
        _move(old, name)
        return "{name} was brought back after an interrupted save."
    if not stat.S_ISREG(found.st_mode):
        return ""
    if old.stat().st_mtime_ns > found.st_mtime_ns:
        # The copy gets the file's times when it is complete: this one is not, and the file was not touched yet.
        old.unlink()
        return ""
    return _settle_written(old, name)


def _settle_written(old: Path, name: Path) -> str:
    """The save had begun to write into `name`: keep what is whole, and both where that cannot be told."""
    if _is_whole(name):
        if name.suffix == ".ipynb" or _same(old, name):
            old.unlink()
            return ""
        _move(old, _free(name, BEFORE))
        return "A save of {name} may have been interrupted. The version before it was kept beside it."
    if not _is_whole(old):
        return ""
    if name.stat().st_size:
        _move(name, _free(name, CUT))
    _move(old, name, replace=True)
    return "{name} was brought back as it was before an interrupted save."


def _is_whole(path: Path) -> bool:
    """Whether a notebook can be read; of any other file, only that it is not empty."""
    size = path.stat().st_size
    if size == 0:
        return False
    if path.suffix != ".ipynb" or size > _LARGEST_READ:
        return True
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, OSError):
        return False
    return isinstance(document, dict) and "cells" in document


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size or one.stat().st_size > _LARGEST_READ:
        return False
    return one.read_bytes() == other.read_bytes()


def _free(path: Path, words: str) -> Path:
    number = 1
    while True:
        name = label(path.name, words if number == 1 else f"{words} {number}")
        if not os.path.lexists(path.with_name(name)):
            return path.with_name(name)
        number += 1


def _move(source: Path, target: Path, *, replace: bool = False) -> None:
    if replace or not os.path.lexists(target):
        source.rename(target)
