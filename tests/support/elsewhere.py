"""skrt-hub's command line as on a Mac or on Windows: what those systems' Python lacks, our own modules do not find.

Run as `python -m tests.support.elsewhere darwin|win32 WORDS [+ WORDS]...`: one command after the other. Libraries see
the system as it is: theirs run there. At the end a line of JSON says how each command ended, and
what of ours was loaded.

Python's documentation says of each module and name where it is to be had (https://docs.python.org/3/library/os.html).
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from types import ModuleType
from typing import Any

OURS = ("skrt_hub", "skrt_workspace")
NO_MODULES: Mapping[str, tuple[str, ...]] = {
    "darwin": ("spwd",),
    "win32": ("crypt", "fcntl", "grp", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty"),
}
_LINUX_ALONE = (
    *("O_PATH", "O_TMPFILE", "POSIX_FADV_DONTNEED", "copy_file_range", "eventfd", "getxattr", "listxattr"),
    *("memfd_create", "pidfd_open", "pipe2", "posix_fadvise", "posix_fallocate", "sched_getaffinity"),
    *("sched_setaffinity", "setns", "setresgid", "setresuid", "setxattr", "unshare"),
)
_UNIX_ALONE = (
    *("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "SEEK_DATA", "SEEK_HOLE", "WNOHANG", "chown", "chroot"),
    *("confstr", "fchmod", "fchown", "fork", "forkpty", "fstatvfs", "getegid", "geteuid", "getgid", "getgroups"),
    *("getloadavg", "getpgid", "getpriority", "getsid", "getuid", "killpg", "lchown", "mkfifo", "mknod", "nice"),
    *("openpty", "pread", "pwrite", "setgid", "setgroups", "setpriority", "setsid", "setuid", "statvfs", "sync"),
    *("sysconf", "uname", "waitid"),
)
_UNIX_SIGNALS = ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGUSR1", "SIGUSR2")
_UNIX_SOCKETS = ("AF_UNIX", "SO_REUSEPORT", "recv_fds", "send_fds")
_LINUX_SOCKETS = ("AF_NETLINK", "AF_PACKET", "AF_VSOCK", "SOCK_CLOEXEC", "SOCK_NONBLOCK", "SO_PEERCRED")
NO_NAMES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "darwin": {"os": _LINUX_ALONE, "socket": _LINUX_SOCKETS, "time": ("CLOCK_BOOTTIME",)},
    "win32": {
        "os": (*_LINUX_ALONE, *_UNIX_ALONE),
        "signal": (*_UNIX_SIGNALS, "pthread_sigmask", "setitimer"),
        "socket": (*_LINUX_SOCKETS, *_UNIX_SOCKETS),
        "time": ("CLOCK_BOOTTIME", "clock_gettime"),
        "select": ("epoll", "poll"),
        "asyncio": ("open_unix_connection", "start_unix_server"),
    },
}


class Lacking(ModuleType):
    """A module of Python's as another system has it."""

    def __init__(self, real: ModuleType, lacks: Sequence[str], **other: Any) -> None:
        super().__init__(real.__name__)
        self.__dict__.update({name: value for name, value in vars(real).items() if name not in lacks}, **other)


def _without_folders(call: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `os` as Windows has it: no open folder can be given."""

    def called(*words: Any, **options: Any) -> Any:
        if any(options.pop(name, None) is not None for name in ("dir_fd", "src_dir_fd", "dst_dir_fd")):
            raise NotImplementedError("dir_fd unavailable on this platform")
        return call(*words, **options)

    return called


def _locking(handle: int, how: int, size: int) -> None:
    """Windows' msvcrt.locking, by the locks that are here."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES)) from error


def _on_windows() -> dict[str, Any]:
    by_folder = ("chmod", "link", "mkdir", "open", "readlink", "rename", "rmdir", "stat", "symlink", "unlink", "utime")
    changed: dict[str, Any] = {name: _without_folders(getattr(os, name)) for name in by_folder}
    return {**changed, "O_NOINHERIT": os.O_CLOEXEC, "O_BINARY": 0}


def pretend(system: str) -> None:
    """From now on our modules are imported as on this system."""
    really = builtins.__import__
    lacking: dict[str, ModuleType] = {
        name: Lacking(importlib.import_module(name), names) for name, names in NO_NAMES[system].items()
    }
    lacking["sys"] = Lacking(sys, (), platform=system)
    if system == "win32":
        vars(lacking["os"]).update(_on_windows())
        lacking["msvcrt"] = Lacking(ModuleType("msvcrt"), (), locking=_locking, LK_NBLCK=2)

    def find(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> ModuleType:
        ours = str((globals or {}).get("__name__", "")).partition(".")[0] in OURS
        if ours and not level and name in NO_MODULES[system]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if ours and not level and name in lacking:
            return lacking[name]
        return really(name, globals, locals, fromlist, level)

    builtins.__import__ = find


def _run(system: str, words: Sequence[str]) -> int:
    import psutil  # noqa: F401 - it has other modules for each system

    pretend(system)
    from skrt_hub.cli import main

    commands: list[list[str]] = [[]]
    for word in words:
        if word == "+":
            commands.append([])
        else:
            commands[-1].append(word)
    ended = []
    for command in commands:
        told = io.StringIO()
        with redirect_stdout(told), redirect_stderr(told):
            code = main(command)
        ended.append((code, told.getvalue()))
    print(json.dumps({"ended": ended, "loaded": sorted(name for name in sys.modules if name.startswith(OURS))}))
    return 0


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1], sys.argv[2:]))
