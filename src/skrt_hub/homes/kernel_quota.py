"""A limit that the kernel itself holds: a quota for the participant's user id, where the file system keeps quotas.

ext4 and XFS hold quotas for user ids, once they are switched on (docs/how-to/limits.md). Where the hub runs as root,
each participant has a user id of their own, and setting its quota needs nothing but quotactl_fd(2).
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

_QUOTACTL_FD = 443  # the same on every architecture; since Linux 5.14
_USER = 0
_SET, _GET, _STATE = 0x800008, 0x800007, 0x5805
_ENFORCED = 2  # FS_QUOTA_UDQ_ENFD: a file system may count what each user id holds, and yet stop nobody
_LIMITS = 1  # QIF_BLIMITS: only the limits for blocks are set
_UNIT = 1024  # the kernel counts limits in blocks of this size
_DQBLK = struct.Struct("=8QI4x")


def set_limit(home: Path, uid: int, limit: int) -> bool:
    """Have the kernel hold `uid` to so many bytes (0: any number) on the disk of `home`; False where it would not."""
    state = ctypes.create_string_buffer(256)  # struct fs_quota_stat: a byte, a byte of padding, then the flags
    if not _call(home, _STATE, 0, state) or not struct.unpack_from("=H", state.raw, 2)[0] & _ENFORCED:
        return False
    blocks = -(-limit // _UNIT)
    # The soft limit is the hard one: a grace period would end at an hour that nobody chose.
    facts = _DQBLK.pack(blocks, blocks, 0, 0, 0, 0, 0, 0, _LIMITS)
    return _call(home, _SET, uid, ctypes.create_string_buffer(facts, _DQBLK.size))


def limit_of(home: Path, uid: int) -> int | None:
    """The bytes that the kernel allows `uid` there; None where it keeps no quotas, 0 where it sets no limit."""
    buffer = ctypes.create_string_buffer(_DQBLK.size)
    if not _call(home, _GET, uid, buffer):
        return None
    return int(_DQBLK.unpack(buffer.raw)[0]) * _UNIT


def _call(home: Path, command: int, uid: int, buffer: ctypes.Array[ctypes.c_char]) -> bool:
    try:
        syscall = ctypes.CDLL(None, use_errno=True).syscall
        handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return False
    try:
        asked = ctypes.c_long(_QUOTACTL_FD), ctypes.c_uint(handle), ctypes.c_uint(command << 8 | _USER)
        # No quotas here (ESRCH, ENOSYS, EOPNOTSUPP), or not ours to set (EPERM): the limit is then only watched.
        return bool(syscall(*asked, ctypes.c_uint(uid), buffer) == 0)
    finally:
        os.close(handle)
