"""Does one cohort: loads the function and its libraries once, then forks a process for each task.

A task thus starts in milliseconds, sees nothing of the one before, and takes nobody with it when it is killed. Its
result is on the disk before it counts as done, so nothing is lost and nothing is done twice, whoever is killed when.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from skrt_workspace import startup
from skrt_workspace.cohort import share, standing
from skrt_workspace.cohort.table import RUN, CohortError, Head, Table, now
from skrt_workspace.threads import ENGINES

TRIES = 3
"""How often a task that was killed is begun. One that raised an exception is not tried again: it would do so again."""
_LOOK = 0.5
_NO_ROOM = 20.0
_WORDS = 4000


@dataclass
class Task:
    """One that runs."""

    key: str
    begun: float


def do(table: Table, head: Head) -> None:
    """Do what is left of a cohort; returns when it is finished, cancelled or has been changed."""
    shutil.rmtree(table.scratch, ignore_errors=True)
    table.scratch.mkdir(parents=True, exist_ok=True)
    damaged = table.forget_damaged()
    if damaged:
        print(f"{head.name}: {damaged} damaged results are made again", file=sys.stderr, flush=True)
    try:
        work = Work(table, head)
    except BaseException as error:  # whatever a module of the participant's raises when it is loaded
        problem = _last_words(error)
        labels = dict(zip(head.keys, head.labels, strict=True))
        for key in table.waiting(head):
            table.keep_error(key, _error(labels[key], f"The function could not be loaded: {problem}"))
        return
    work.run()


class Work:
    """One cohort at work."""

    def __init__(self, table: Table, head: Head) -> None:
        self._table, self._head = table, head
        self._stamp = _stamp(table)
        self._running: dict[int, Task] = {}
        self._deaths: dict[str, int] = {}
        self._work = table.read_work(head)
        self._function, self._parameters = _load(head, self._work)
        self._patients = dict(zip(head.keys, head.places, strict=True))
        self._labels = dict(zip(head.keys, head.labels, strict=True))
        self._waiting: deque[str] = deque(table.waiting(head))

    def run(self) -> None:
        """Go on until nothing is left."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            while self._goes_on():
                self._begin()
                self._say()
                signal.sigtimedwait({signal.SIGCHLD}, _LOOK)
                self._end()
        finally:
            for pid in list(self._running):
                _kill(pid)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})

    def _goes_on(self) -> bool:
        if _stamp(self._table) != self._stamp:
            self._stamp = _stamp(self._table)
            try:
                changed = self._table.head()
            except CohortError:
                return False
            same = (changed.keys, changed.work) == (self._head.keys, self._head.work)
            if not same or changed.state != RUN:
                return False
        if not self._waiting and not self._running:
            self._waiting.extend(self._table.waiting(self._head))  # somebody may have asked for another try
        return bool(self._waiting or self._running)

    def _begin(self) -> None:
        most = max(share.at_once(self._head.at_once * max(1, self._head.threads)), 0)
        places = max(1, most // max(1, self._head.threads)) if most else 0
        alone = any(self._deaths.get(task.key) for task in self._running.values())
        while self._waiting and len(self._running) < places and not alone:
            again = bool(self._deaths.get(self._waiting[0]))
            if again and self._running:
                return  # what was killed for memory is tried again with nothing beside it
            key = self._waiting.popleft()
            self._running[self._fork(key)] = Task(key, time.monotonic())
            alone = again

    def _end(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            task = self._running.pop(pid, None)
            if task is None:
                continue
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)  # what the task itself started and left
            shutil.rmtree(self._table.scratch / task.key, ignore_errors=True)
            if os.waitstatus_to_exitcode(status) != 0:
                self._died(task, os.waitstatus_to_exitcode(status))

    def _died(self, task: Task, code: int) -> None:
        """A task ended without a result and without an error: killed, or the disk is full."""
        deaths = self._deaths[task.key] = self._deaths.get(task.key, 0) + 1
        if deaths < TRIES:
            self._waiting.append(task.key)
            return
        words = _killed_words(code)
        try:
            facts = _error(self._labels[task.key], words, seconds=time.monotonic() - task.begun, tries=deaths)
            self._table.keep_error(task.key, facts)
        except OSError:  # no room on the disk: nothing can be kept until there is some
            self._waiting.append(task.key)
            time.sleep(_NO_ROOM)

    def _say(self) -> None:
        share.say(len(self._running), len(self._waiting), self._head.name)

    def _fork(self, key: str) -> int:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            with contextlib.suppress(OSError):
                os.setpgid(pid, pid)
        else:
            self._become(key, parent)
        return pid

    def _become(self, key: str, parent: int) -> NoReturn:
        """The task's own process."""
        code = 1
        try:
            standing.die_with(parent)
            os.setpgid(0, 0)
            standing.be_expendable()
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            output = self._enter(key)
            code = self._do(key, output)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def _enter(self, key: str) -> Path:
        """A folder of one's own for temporary files, on the disk and not in memory, and a file for what is printed."""
        scratch = self._table.scratch / key
        scratch.mkdir()
        os.environ["TMPDIR"] = str(scratch)
        tempfile.tempdir = None
        output = scratch / ".output"
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, source in ((0, nothing), (1, handle), (2, handle)):
            os.dup2(source, number)
        random.seed(key)
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed(int(key[:8], 16))
        return output

    def _do(self, key: str, output: Path) -> int:
        begun = time.monotonic()
        try:
            start, size = self._patients[key]
            import cloudpickle  # noqa: PLC0415 - loaded with the function

            patient = cloudpickle.loads(self._work[start : start + size])
            value = self._function(patient, **self._parameters)
        except BaseException as error:  # also SystemExit: it is the function's end, and not ours
            told = "".join(traceback.format_exception(error))
            sys.stdout.flush()
            words = f"{_last_words(error)}{_memory_advice(error)}"
            facts = _error(self._labels[key], words, told=told[-_WORDS:], seconds=time.monotonic() - begun)
            self._table.keep_error(key, {**facts, "output": _tail(output)})
            return 0
        seconds = round(time.monotonic() - begun, 3)
        facts = {"label": self._labels[key], "seconds": seconds, "finished": now(), "tries": self._tries(key)}
        self._table.keep_result(key, value, facts)
        return 0

    def _tries(self, key: str) -> int:
        return self._deaths.get(key, 0) + 1


def _load(head: Head, work: memoryview) -> tuple[Any, dict[str, Any]]:
    """The function and its parameters, with the libraries that it uses. Raises whatever these raise."""
    os.environ.update(head.variables)
    os.environ.update(dict.fromkeys(ENGINES, str(max(1, head.threads))))
    with contextlib.suppress(OSError):
        os.chdir(head.folder)
    sys.path[:] = [*(place for place in head.path if place not in sys.path), *sys.path]
    startup.show_own_packages()
    for name in head.modules:
        with contextlib.suppress(Exception):  # it is imported inside the function, which may expect that it fails
            importlib.import_module(name)
    import cloudpickle  # noqa: PLC0415 - the runner itself stays small

    end = min((start for start, _ in head.places), default=len(work))
    function, parameters = cloudpickle.loads(work[:end])
    return function, parameters


def _stamp(table: Table) -> tuple[int, int]:
    try:
        found = table.file.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _error(label: str, words: str, *, told: str = "", seconds: float = 0.0, tries: int = 1) -> dict[str, Any]:
    facts = {"label": label, "error": words, "traceback": told, "seconds": round(seconds, 3), "finished": now()}
    return {**facts, "tries": tries}


def _last_words(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()[-_WORDS:]


def _memory_advice(error: BaseException) -> str:
    return f" ({_limit_words()})" if isinstance(error, MemoryError) else ""


def _killed_words(code: int) -> str:
    if code >= 0:
        return f"Its process ended with {code}, {TRIES} times, without a result. Is there room on the disk?"
    name = signal.Signals(-code).name
    if -code == signal.SIGKILL:
        return f"It was ended from outside ({name}), {TRIES} times, the last ones alone. Most often {_limit_words()}."
    return f"Its process crashed ({name}), {TRIES} times: a library in it failed."


def _limit_words() -> str:
    limit = os.environ.get("MEM_LIMIT", "")
    size = f" of {int(limit) / 1e9:.2g} GB" if limit.isdigit() else ""
    return f"the memory limit{size} was reached: work on smaller images, or ask for a larger server"


def _tail(output: Path) -> str:
    with contextlib.suppress(OSError), output.open("rb") as stream:
        stream.seek(max(0, output.stat().st_size - _WORDS))
        return stream.read(_WORDS).decode("utf-8", "replace")
    return ""
