"""Folders in memory: what lies in them counts as its participant's memory, on both targets."""

from __future__ import annotations

_MIB = 2**20
_LEAST = 16 * _MIB


def folders(limit: int) -> dict[str, int]:
    """The folders for temporary files and the largest size of each, in bytes, at a memory limit of `limit`.

    Together they hold less than two thirds of the limit, so that full ones do not end the server: unlike a program's
    memory, theirs is not given back when one is ended.
    """
    return {
        "/tmp": max(_LEAST, limit * 4 // 10),  # noqa: S108
        "/dev/shm": max(_LEAST, limit * 2 // 10),  # noqa: S108
    }
