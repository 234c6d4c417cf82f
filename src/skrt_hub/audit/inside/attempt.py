"""An attempt and how it ended: refused (by which layer), reachable, or not applicable here (why)."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Facts = Mapping[str, Any]

FILE_SYSTEM = "own file system (mount namespace)"
OWNER = "owner and mode of files"
READ_ONLY = "read-only mount"
PROCESSES = "own processes (pid namespace)"
CALLS = "filter of system calls (seccomp)"
RIGHTS = "no rights (capabilities, no_new_privs)"
SCOPES = "scopes of sockets and signals (Landlock)"
NETWORK = "own network (network namespace)"
HELD = "the address is held by the hub"
GROUP = "control group"
SIZE = "size of the folder in memory"
NUMBER = "limit on numbers (setrlimit)"
WATCH = "the hub's own watch"
QUOTA = "quota of the home"
LOG_IN = "log-in of the hub or server"
GATE = "the proxy asks for the visitor's mark"
ORIGIN = "an own origin for each server"
HOSTS = "the proxy answers to its own names only"
WINDOWS = "the hub answers browsers' windows only"


@dataclass(frozen=True)
class Finding:
    """How one attempt ended. `layer` refused it; `why` is what was seen, in words."""

    outcome: str
    layer: str = ""
    why: str = ""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def refused(layer: str, why: str = "") -> Finding:
    """It was tried and did not work."""
    return Finding("refused", layer, why)


def reachable(why: str) -> Finding:
    """It worked, and should not."""
    return Finding("reachable", "", why)


def not_applicable(why: str) -> Finding:
    """It could not be tried here, or says nothing here."""
    return Finding("not applicable", "", why)


def tried(do: Callable[[], object], layers: Mapping[int, str], what: str = "it worked") -> Finding:
    """Do it: what it returns (or `what`) was reached; the number of an OSError says which layer refused it."""
    try:
        reached = do()
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, str(error))
        return refused(layers.get(error.errno or 0, name), f"{name}: {error.strerror}")
    return reachable(what if reached is None else str(reached))


def in_a_child(code: str, *words: str, seconds: float = 20) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, which may die of it."""
    command = [sys.executable, "-I", "-c", code, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, cwd="/", env={})


def own_uid() -> int:
    """The user id of this process."""
    return os.getuid()
