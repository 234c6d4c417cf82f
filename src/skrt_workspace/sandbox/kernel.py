"""The one door to Linux system calls that Python 3.11 has no function for, as small functions that raise OSError.

Constants have the names of their manual pages; numbers that differ between processors are in `processors.py`.
"""

from __future__ import annotations

import ctypes
import os
import struct

from skrt_workspace.sandbox import processors

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_MOVE = 0x2000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
MOUNT_ATTR_NOEXEC = 0x8
MOUNT_ATTR_NOSYMFOLLOW = 0x200000

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_MM = 35
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

CAP_CHOWN = 0
CAP_SETGID = 6
CAP_SETUID = 7
CAP_SYS_ADMIN = 21

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH = 4
_KEYCTL_JOIN_SESSION_KEYRING = 1
_CAPABILITY_VERSION_3 = 0x20080522

SYS_OPEN_TREE = 428
SYS_MOVE_MOUNT = 429
SYS_CLOSE_RANGE = 436
SYS_MOUNT_SETATTR = 442
SYS_LANDLOCK_CREATE_RULESET = 444
SYS_LANDLOCK_ADD_RULE = 445
SYS_LANDLOCK_RESTRICT_SELF = 446

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def system_call(what: str, number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """syscall(2) with numbers as longs; `what` names the call in the error."""
    wide = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(int(_libc.syscall(ctypes.c_long(number), *wide)), what)


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(_libc.unshare(flags), "unshare")


def mount(kind: str | None, target: str, flags: int, options: str = "") -> None:
    """mount(2) of a new file system without a source, or a change of propagation when `kind` is None."""
    name = kind.encode() if kind else None
    text = options.encode() or None
    _checked(_libc.mount(name, os.fsencode(target), name, ctypes.c_ulong(flags), text), f"mount {kind or ''} {target}")


def detach(target: str) -> None:
    """umount2(2) with MNT_DETACH."""
    _checked(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def pivot_root_here() -> None:
    """The working folder becomes the root; the old root lies over it and is detached (see pivot_root(2), NOTES).

    Docker's own filter knows no pivot_root, whatever rights a container has: there it is put over the old root, as a
    system does when it starts (switch_root(8)). SECURITY: to look below it again takes rights that nobody inside has.
    """
    try:
        system_call("pivot_root", processors.PIVOT_ROOT, b".", b".")
    except PermissionError:
        _checked(_libc.mount(b".", b"/", None, ctypes.c_ulong(MS_MOVE), None), "mount . over /")
        os.chroot(".")
        return
    detach(".")


def clone_tree(source: int | str) -> int:
    """A detached copy of a mount and what is mounted under it (open_tree(2)); returns its descriptor."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE
    if isinstance(source, int):
        return system_call("open_tree", SYS_OPEN_TREE, source, b"", flags | _AT_EMPTY_PATH)
    return system_call(f"open_tree {source}", SYS_OPEN_TREE, _AT_FDCWD, os.fsencode(source), flags)


def set_mount_attributes(tree: int | str, attributes: int, *, recursive: bool) -> None:
    """Add MOUNT_ATTR_* to a mount, and to all under it (mount_setattr(2))."""
    structure = ctypes.create_string_buffer(struct.pack("=QQQQ", attributes, 0, 0, 0), 32)
    flags = _AT_RECURSIVE if recursive else 0
    if isinstance(tree, int):
        system_call("mount_setattr", SYS_MOUNT_SETATTR, tree, b"", flags | _AT_EMPTY_PATH, structure, 32)
    else:
        system_call("mount_setattr", SYS_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(tree), flags, structure, 32)


def attach_tree(tree: int, target: str) -> None:
    """Put a detached tree at its place (move_mount(2))."""
    place = os.fsencode(target)
    system_call(f"move_mount {target}", SYS_MOVE_MOUNT, tree, b"", _AT_FDCWD, place, _MOVE_MOUNT_F_EMPTY_PATH)


def set_host_name(name: str) -> None:
    """sethostname(2)."""
    _checked(_libc.sethostname(name.encode(), ctypes.c_size_t(len(name.encode()))), "sethostname")


def process_control(option: int, *arguments: int) -> None:
    """prctl(2) with up to four numbers."""
    numbers = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(option, *numbers), f"prctl {option}")


def has_capabilities(*wanted: int) -> bool:
    """Whether this process may use these rights (capget(2), the effective set)."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), 8)
    sets = ctypes.create_string_buffer(24)
    system_call("capget", processors.CAPGET, header, sets)
    low, _, _, high, _, _ = struct.unpack("=6I", sets.raw)
    return all((low | high << 32) >> number & 1 for number in wanted)


def clear_capabilities() -> None:
    """capset(2) of three empty sets for this process."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), 8)
    system_call("capset", processors.CAPSET, header, ctypes.create_string_buffer(24))


def new_session_keyring() -> None:
    """Leave the session keyring of the hub behind, where the kernel has keyrings (keyctl(2))."""
    try:
        system_call("keyctl", processors.KEYCTL, _KEYCTL_JOIN_SESSION_KEYRING, None)
    except OSError:
        return


def close_descriptors(keep: set[int]) -> None:
    """Close every open file but these (close_range(2))."""
    first = 0
    for kept in sorted(keep):
        if kept > first:
            system_call("close_range", SYS_CLOSE_RANGE, first, kept - 1, 0)
        first = kept + 1
    system_call("close_range", SYS_CLOSE_RANGE, first, 0xFFFFFFFF, 0)
