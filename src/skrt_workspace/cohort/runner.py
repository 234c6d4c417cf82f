"""The program that does cohorts: `python -P -m skrt_workspace.cohort`, one for each home.

It lives in its owner's sandbox, in a session of its own, so that it outlives the kernel that began it. The kernel
starts it, and the server starts it again when it was killed, or with the next server. It takes the cohorts in the order
in which they were begun, each in a process of its own, and ends when there is nothing to do.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from skrt_workspace import system
from skrt_workspace.cohort import share, standing, table
from skrt_workspace.threads import LIBRARIES

VARIABLE = "SKRT_COHORT_RUNNER"
"""In the environment of the runner and of all that it starts: the home whose they are."""
_STATE = ".local/state/skrt-workspace"
_LONGEST_LOG = 1 << 20
_LONG_ENOUGH = 10.0
_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)


def ensure() -> bool:
    """Start the runner unless one is there; whether one was started. Raises OSError."""
    with _lock_file() as handle:
        if not system.lock(handle):
            return False
    variables = {**os.environ, **dict.fromkeys(LIBRARIES, "1"), VARIABLE: str(Path.home()), "MPLBACKEND": "agg"}
    variables.pop("JPY_PARENT_PID", None)
    with os.fdopen(_open_log(Path.home() / _STATE / "cohorts.log"), "ab") as stream:
        subprocess.Popen(
            [sys.executable, "-P", "-m", "skrt_workspace.cohort"],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd=Path.home(),
            env=variables,
            start_new_session=True,
        )
    return True


def _open_log(log: Path) -> int:
    """A log that is too long begins anew, and whatever else is there goes: a pipe would hold up whoever opens it."""
    with contextlib.suppress(FileNotFoundError):
        found = log.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST_LOG:
            log.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(log, flags, 0o600)


def runs() -> bool:
    """Whether a runner is there."""
    try:
        with _lock_file() as handle:
            return not system.lock(handle)
    except OSError:
        return False


def main() -> int:
    """Do what there is to do."""
    with _lock_file() as handle:
        if not system.lock(handle):
            return 0
        standing.step_back()
        end_leftovers()
        try:
            _go_on(handle)
        finally:
            share.say(0, 0, "")
    return 0


def end_leftovers() -> None:
    """End what a killed runner left: engines go on without the program that asked them."""
    mark = f"{VARIABLE}={Path.home()}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        with contextlib.suppress(OSError):
            if pid != os.getpid() and mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)


def _go_on(lock: int) -> None:
    deaths = 0
    while (found := next(table.unfinished(), None)) is not None:
        one, head, waiting = found
        share.say(0, len(waiting), head.name)
        begun = time.monotonic()
        code = os.waitstatus_to_exitcode(os.waitpid(_fork(lock, one, head), 0)[1])
        if code == 0 or time.monotonic() - begun > _LONG_ENOUGH:
            deaths = 0
        if code == 0:
            continue
        print(f"{head.name}: its process ended with {code}; it is started again", file=sys.stderr, flush=True)
        time.sleep(_PAUSES[min(deaths, len(_PAUSES) - 1)])
        deaths += 1
        end_leftovers()


def _fork(lock: int, one: table.Table, head: table.Head) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.close(lock)
        standing.die_with(parent)
        from skrt_workspace.cohort import work  # noqa: PLC0415 - the runner itself stays small

        work.do(one, head)
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


@contextlib.contextmanager
def _lock_file() -> Iterator[int]:
    folder = Path.home() / _STATE
    folder.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    handle = os.open(folder / "cohorts.lock", flags, 0o600)
    try:
        yield handle
    finally:
        with contextlib.suppress(OSError):
            os.close(handle)
