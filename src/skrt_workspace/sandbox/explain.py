"""Why a host forbids sandboxes, in plain words, from the settings that are known to do so."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from skrt_workspace.sandbox.errors import HostForbidsError, SandboxError

_WITHOUT = 'or set "sandbox: none" in hub.yaml, which gives up the separation of participants'


# What the kernel answers where it will not; anything else (no memory, too many open files) may pass.
_REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def explain(error: OSError) -> SandboxError:
    """The error for a failed system call: which setting of the host is behind it, and what to do.

    A HostForbidsError where the host refuses sandboxes, a plain SandboxError where one could not be made this time.
    """
    for applies, reason, remedy in (_user_namespaces_off, _apparmor, _container, _old_kernel):
        if applies(error):
            return HostForbidsError(f"this machine does not allow sandboxes: {reason} ({_told(error)})", remedy)
    if error.errno not in _REFUSALS:
        return SandboxError(
            f"the sandbox could not be made ({_told(error)})", "look at this machine's memory, then try again"
        )
    return HostForbidsError(
        f"this machine does not allow sandboxes ({_told(error)})",
        f"run skrt-hub on a machine that allows user namespaces, or as root, {_WITHOUT}",
    )


def _told(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)


def _setting(name: str) -> str | None:
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return None


def _are_namespaces_off(error: OSError) -> bool:
    off = _setting("user/max_user_namespaces") == "0" or _setting("kernel/unprivileged_userns_clone") == "0"
    return os.geteuid() != 0 and off


def _is_apparmor(error: OSError) -> bool:
    return _setting("kernel/apparmor_restrict_unprivileged_userns") == "1" and error.errno in (
        errno.EPERM,
        errno.EACCES,
    )


def _is_container(error: OSError) -> bool:
    return error.errno in (errno.EPERM, errno.EACCES) and (
        Path("/.dockerenv").exists() or Path("/run/.containerenv").exists() or is_proc_masked()
    )


def is_proc_masked() -> bool:
    """Whether parts of /proc are covered by other mounts, as containers do; the kernel then refuses a fresh /proc."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.split()[4].startswith("/proc/") for line in lines if "binfmt_misc" not in line)


def _is_old_kernel(error: OSError) -> bool:
    return error.errno == errno.ENOSYS


_user_namespaces_off = (
    _are_namespaces_off,
    "user namespaces are switched off for ordinary users",
    "as root: sysctl -w user.max_user_namespaces=15000 (and kernel.unprivileged_userns_clone=1 where it exists); "
    f"or run skrt-hub as root, {_WITHOUT}",
)
_apparmor = (
    _is_apparmor,
    "AppArmor keeps ordinary users from using user namespaces, as Ubuntu 24.04 and newer do",
    "as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (put it into /etc/sysctl.d to keep it); "
    f"or run skrt-hub as root, {_WITHOUT}",
)
_container = (
    _is_container,
    "this is a container that hides parts of /proc or forbids namespaces",
    "run skrt-hub as the container's root, which needs no further right where Linux is 5.19 or newer; or start the "
    "container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined (where the host has "
    f"AppArmor also --security-opt apparmor=unconfined), {_WITHOUT}",
)
_old_kernel = (
    _is_old_kernel,
    "its Linux is older than 5.12, or a filter hides newer system calls",
    f"use a newer Linux (5.12 or later), {_WITHOUT}",
)
