"""A limit that the kernel itself holds: a quota for the participant's user id, where the file system keeps quotas.

A shared folder's is for its group id. ext4 and XFS hold quotas for ids, once they are switched on
(docs/how-to/limits.md). Where the hub runs as root, each participant has a user id of their own, and setting its quota
needs nothing but quotactl_fd(2).
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

_QUOTACTL_FD = 443  # the same on every architecture; since Linux 5.14
USER, GROUP = 0, 1
_SET, _GET, _STATE = 0x800008, 0x800007, 0x5805
# FS_QUOTA_UDQ_ENFD, FS_QUOTA_GDQ_ENFD: a file system may count what each id holds, and yet stop nobody
_ENFORCED = {USER: 2, GROUP: 8}
_LIMITS = 1  # QIF_BLIMITS: only the limits for blocks are set
_UNIT = 1024  # the kernel counts limits in blocks of this size
_DQBLK = struct.Struct("=8QI4x")


def set_limit(home: Path, owner: int, limit: int, kind: int = USER) -> bool:
    """Have the kernel hold `owner` to so many bytes (0: any number) on the disk of `home`; False where it would not."""
    state = ctypes.create_string_buffer(256)  # struct fs_quota_stat: a byte, a byte of padding, then the flags
    asked = _call(home, _STATE, 0, state, kind)
    if not asked or not struct.unpack_from("=H", state.raw, 2)[0] & _ENFORCED[kind]:
        return False
    blocks = -(-limit // _UNIT)
    # The soft limit is the hard one: a grace period would end at an hour that nobody chose.
    facts = _DQBLK.pack(blocks, blocks, 0, 0, 0, 0, 0, 0, _LIMITS)
    return _call(home, _SET, owner, ctypes.create_string_buffer(facts, _DQBLK.size), kind)


def limit_of(home: Path, owner: int, kind: int = USER) -> int | None:
    """The bytes that the kernel allows `owner` there; None where it keeps no quotas, 0 where it sets no limit."""
    buffer = ctypes.create_string_buffer(_DQBLK.size)
    if not _call(home, _GET, owner, buffer, kind):
        return None
    return int(_DQBLK.unpack(buffer.raw)[0]) * _UNIT


def _call(home: Path, command: int, owner: int, buffer: ctypes.Array[ctypes.c_char], kind: int) -> bool:
    try:
        syscall = ctypes.CDLL(None, use_errno=True).syscall
        handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return False
    try:
        asked = ctypes.c_long(_QUOTACTL_FD), ctypes.c_uint(handle), ctypes.c_uint(command << 8 | kind)
        # No quotas here (ESRCH, ENOSYS, EOPNOTSUPP), or not ours to set (EPERM): the limit is then only watched.
        return bool(syscall(*asked, ctypes.c_uint(owner), buffer) == 0)
    finally:
        os.close(handle)
