"""A fingerprint of all that is in a home: a hash that changes when anything in it does.

`python -I -m skrt_workspace.home.fingerprint` reads folders from its standard input, a NUL between them, and prints the
fingerprint of each in hexadecimal, a line a folder, empty for one that cannot be looked through. As a program of its
own it asks the disk beside others of its kind, which threads of one Python cannot.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence

from skrt_workspace.home.scan import Entry, scan

_LINES_AT_ONCE = 1000


def fingerprint_of(found: Sequence[Entry]) -> bytes:
    """The fingerprint of a home in which `found` was found, in the order of `scan`."""
    state = hashlib.sha256()
    for start in range(0, len(found), _LINES_AT_ONCE):
        lines = [
            f"{it.path}\0{it.kind} {it.mode} {it.size} {it.mtime} {it.ctime} {it.inode} {it.target}"
            for it in found[start : start + _LINES_AT_ONCE]
        ]
        state.update("\0".join(lines).encode("utf-8", "surrogateescape"))
    return state.digest()


def main() -> int:
    """Answer for each folder of the standard input."""
    for folder in sys.stdin.buffer.read().split(b"\0"):
        try:
            fingerprint = fingerprint_of(list(scan(os.fsdecode(folder)))).hex()
        except OSError:
            fingerprint = ""
        print(fingerprint, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
