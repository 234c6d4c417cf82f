"""User namespaces, and who has which number in them (user_namespaces(7)); OSError where they are refused."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from skrt_workspace.sandbox import kernel
from skrt_workspace.sandbox.document import ORDINARY_UID


def make_for_one() -> None:
    """Enter one in which this user is the only one: all that a hub of an ordinary user may make."""
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{ORDINARY_UID} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{ORDINARY_UID} {gid} 1", encoding="ascii")


def make_for_all() -> None:
    """Enter one in which everybody has the number that they have outside: for root without CAP_SYS_ADMIN.

    Root of a container may be somebody else, but makes no namespace except in a user namespace. Once in there it may
    not write such numbers any more, so a child that was forked before does it.
    """
    here = os.getpid()
    reader, writer = os.pipe()
    helper = os.fork()
    if helper == 0:
        code = 1
        with contextlib.suppress(OSError):
            os.close(writer)
            os.read(reader, 1)  # its end: the namespace is made
            for name in ("uid_map", "gid_map"):
                _map_as_here(name, here)
            code = 0
        os._exit(code)
    os.close(reader)
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
    finally:
        os.close(writer)
        status = os.waitpid(helper, 0)[1]
    if status:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), "uid_map")


def _map_as_here(name: str, process: int) -> None:
    known = [line.split() for line in Path("/proc/self", name).read_text(encoding="ascii").splitlines()]
    same = "".join(f"{first} {first} {count}\n" for first, _, count in known)
    Path(f"/proc/{process}/{name}").write_text(same, encoding="ascii")
