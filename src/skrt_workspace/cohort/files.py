"""How the files of a cohort are written and read: whole or not at all, and never through a link or a pipe."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

LONGEST = 1 << 30


def write(path: Path, content: bytes, *, lasting: bool = True) -> None:
    """Replace a file in one step: a temporary file, fsync, rename, fsync of the folder. Raises OSError.

    `lasting`: without it nothing waits for the disk, for what need not be there after a power failure.
    """
    handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            if lasting:
                os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if not lasting:
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(path: Path, longest: int = LONGEST) -> bytes:
    """The content of a regular file. Raises OSError, and ValueError for anything else or for one that is too long."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > longest:
            raise ValueError(f"{path} is no file of a cohort")
        return stream.read()
