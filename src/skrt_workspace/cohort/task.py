"""One task as a process of its own, forked from one that has loaded the function and its libraries once.

It starts in milliseconds, sees nothing of the task before, and takes nobody with it when it is killed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from skrt_workspace import startup
from skrt_workspace.cohort import standing
from skrt_workspace.cohort.table import Head, Table, now
from skrt_workspace.threads import ENGINES

_WORDS = 4000


class Function:
    """A cohort's function, loaded, and the table that its tasks write to. Raises whatever its modules raise."""

    def __init__(self, table: Table, head: Head, common: memoryview) -> None:
        self._table = table
        self._function, self._parameters = _load(head, common)

    def start(self, key: str, label: str, patient: memoryview, *, tries: int) -> int:
        """Begin a task; returns the number of its process, which leads a group of its own."""
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            with contextlib.suppress(OSError):
                os.setpgid(pid, pid)
        else:
            self._become(key, label, patient, parent, tries)
        return pid

    def _become(self, key: str, label: str, patient: memoryview, parent: int, tries: int) -> NoReturn:
        """The task's own process."""
        code = 1
        try:
            standing.die_with(parent)
            os.setpgid(0, 0)
            standing.be_expendable()
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            output = self._enter(key)
            code = self._do(key, label, patient, output, tries)
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

    def _do(self, key: str, label: str, packed: memoryview, output: Path, tries: int) -> int:
        begun = time.monotonic()
        try:
            import cloudpickle  # noqa: PLC0415 - loaded with the function

            patient = cloudpickle.loads(packed)
            value = self._function(patient, **self._parameters)
        except BaseException as error:  # also SystemExit: it is the function's end, and not ours
            told = "".join(traceback.format_exception(error))
            sys.stdout.flush()
            words = f"{last_words(error)}{_memory_advice(error)}"
            facts = error_facts(label, words, told=ending(told), seconds=time.monotonic() - begun)
            self._table.keep_error(key, {**facts, "output": _tail(output)})
            return 0
        seconds = round(time.monotonic() - begun, 3)
        self._table.keep_result(key, value, {"label": label, "seconds": seconds, "finished": now(), "tries": tries})
        return 0


def end(pid: int) -> None:
    """End a task with all that it started, and wait for it."""
    end_group(pid)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def end_group(pid: int) -> None:
    """End what a task started and left."""
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def error_facts(label: str, words: str, *, told: str = "", seconds: float = 0.0, tries: int = 1) -> dict[str, Any]:
    """What is kept of a task that failed."""
    facts = {"label": label, "error": words, "traceback": told, "seconds": round(seconds, 3), "finished": now()}
    return {**facts, "tries": tries}


def last_words(error: BaseException) -> str:
    """An error in words, without its traceback."""
    return ending("".join(traceback.format_exception_only(error)).strip())


def ending(text: str) -> str:
    """The end of a text, in whole lines; what is left out before is told by a line with `…`."""
    if len(text) <= _WORDS:
        return text
    kept = text[-_WORDS:]
    _, end, whole_lines = kept.partition("\n")
    return f"…\n{whole_lines if end and whole_lines.strip() else kept}"


def killed_words(code: int, tries: int) -> str:
    """Why a task has neither a result nor an error, after its last try."""
    if code >= 0:
        return f"Its process ended with {code}, {tries} times, without a result. Is there room on the disk?"
    name = signal.Signals(-code).name
    if -code == signal.SIGKILL:
        return f"It was ended from outside ({name}), {tries} times, the last ones alone. Most often {_limit_words()}."
    return f"Its process crashed ({name}), {tries} times: a library in it failed."


def _load(head: Head, common: memoryview) -> tuple[Any, dict[str, Any]]:
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

    function, parameters = cloudpickle.loads(common)
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random")  # numpy loads it when it is first used, which would be in every task
    # What is loaded lies in memory once for all tasks, as long as none of them writes there; collecting garbage does.
    gc.collect()
    gc.freeze()
    return function, parameters


def _memory_advice(error: BaseException) -> str:
    return f" ({_limit_words()})" if isinstance(error, MemoryError) else ""


def _limit_words() -> str:
    limit = os.environ.get("MEM_LIMIT", "")
    size = f" of {int(limit) / 1e9:.2g} GB" if limit.isdigit() else ""
    return f"the memory limit{size} was reached: work on smaller images, or ask for a larger server"


def _tail(output: Path) -> str:
    with contextlib.suppress(OSError), output.open("rb") as stream:
        stream.seek(max(0, output.stat().st_size - 4 * _WORDS))  # a character has up to four bytes
        return ending(stream.read().decode("utf-8", "replace"))
    return ""
