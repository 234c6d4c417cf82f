"""How a file that we know of in a home is read and written: its owner may have put anything in its place.

A named pipe would hold a server's start up for ever, and a link to /dev/zero would fill its memory.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

from skrt_workspace import system

_LONGEST = 1 << 20


def read_own(path: Path, longest: int = _LONGEST) -> bytes:
    """The content of a regular file. Raises OSError for anything else, and for a file that is longer."""
    handle = os.open(path, os.O_RDONLY | system.O_NONBLOCK | system.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        content = stream.read(longest + 1)
    if len(content) > longest:
        raise OSError(errno.EFBIG, "it is too long", str(path))
    return content


def write_own(path: Path, text: str) -> None:
    """Replace it in one step, whatever is there. Raises OSError; what was there is then still there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
