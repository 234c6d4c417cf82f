"""The far side of a cohort: does tasks on a machine of an engine, which may not see the owner's home.

The engine's worker calls `do`, which hands the task to a helper, a program of its own: that loads the function and its
libraries once and forks a process for each task, as the runner does at home. A task that needs too much memory thus
ends alone, and the worker stays.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from skrt_workspace.cohort import carried, files, standing, task
from skrt_workspace.cohort.table import CohortError, Head, Table
from skrt_workspace.threads import LIBRARIES

_LOOK = 0.5
_TIDY = 10.0
"""Seconds that a helper may take to remove what its last task left."""
_HELD = threading.Lock()
_HELPERS: dict[str, subprocess.Popen[bytes]] = {}

Answer = dict[str, Any]
"""`kind`: result, error or died. `text`: the content of the task's file in the table; `code`: how its process ended;
`files`: what it wrote below the home, in one piece, where the home is not seen from here."""


def do(parcel: Mapping[str, Any]) -> Answer:
    """Do one task; called by the engine's worker.

    :param parcel: of the cohort `work`, `head`, `common`, `shared`, `shared_folders`; of the task `key`, `label`,
        `tries`, `patient`, `files`. `shared` and `files` are files to be laid into this machine's home; None where it
        is the owner's.
    """
    with _HELD:
        helper = _HELPERS.get(parcel["work"])
        if helper is None or helper.poll() is not None:
            helper = _new_helper(parcel)
        assert helper.stdin is not None and helper.stdout is not None
        try:
            _send(helper.stdin, {name: parcel[name] for name in ("key", "label", "tries", "patient", "files")})
            answer: Answer | None = _receive(helper.stdout)
        except OSError:
            answer = None
        if answer is None:  # the helper itself was ended
            return {"kind": "died", "code": helper.wait(), "files": None}
        return answer


def main() -> int:
    """The helper: takes tasks on standard input, one at a time, until it is closed."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    begun = _receive(sys.stdin.buffer)
    if begun is None:
        return 0
    head = Head.from_json(begun["head"])
    with tempfile.TemporaryDirectory(prefix="cohort-") as folder:
        table = Table(Path(folder), lasting=False)  # what is in it travels home, and is brought to the disk there
        for place in (table.results, table.errors, table.scratch):
            place.mkdir()
        helper = _Helper(table, head, begun)
        while (asked := _receive(sys.stdin.buffer)) is not None:
            _send(answers, helper.answer(asked))
            helper.tidy_up()  # while the answer is on its way, and the next task comes
    return 0


class _Helper:
    def __init__(self, table: Table, head: Head, begun: Mapping[str, Any]) -> None:
        self._table, self._parent = table, os.getppid()
        self._place = None if begun["shared"] is None else carried.Place(Path.home(), Path(head.folder))
        self._problem = ""
        self._left: set[Path] = set()
        self._key = ""
        self._before: dict[Path, tuple[int, int]] = {}
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            if self._place is not None:
                Path(head.folder).mkdir(parents=True, exist_ok=True)
                self._place.make_room(begun["shared_folders"])
                self._place.bring(begun["shared"])
                self._before = self._place.look()
            self._function = task.Function(table, head, memoryview(begun["common"]))
        except BaseException as error:  # whatever a module of the participant's raises when it is loaded
            self._problem = f"The function could not be loaded: {task.last_words(error)}"

    def answer(self, asked: Mapping[str, Any]) -> Answer:
        """What became of one task."""
        key, label = asked["key"], asked["label"]
        self._key = key
        if self._problem:
            return self._failed(key, label, self._problem)
        brought = self._place.bring(asked["files"]) if self._place is not None else []
        before = {**self._before, **carried.stamps(brought)}
        pid = self._function.start(key, label, memoryview(asked["patient"]), tries=asked["tries"])
        code = self._wait(pid)
        task.end_group(pid)
        written = self._place.new_since(before) if self._place is not None else []
        self._left = {*brought, *written}
        try:
            back = self._place.take(written) if self._place is not None else None
        except (OSError, CohortError) as error:
            self._forget(key)
            return self._failed(key, label, f"What it wrote could not be brought home: {error}")
        return {**self._told(key, code), "files": back}

    def tidy_up(self) -> None:
        """Remove what the task left: the next one finds none of it."""
        self._forget(self._key)
        shutil.rmtree(self._table.scratch / self._key, ignore_errors=True)
        if self._place is not None:
            self._place.clear(self._left)
            self._before = self._place.look()

    def _told(self, key: str, code: int) -> Answer:
        for kind, folder in (("result", self._table.results), ("error", self._table.errors)):
            with contextlib.suppress(FileNotFoundError):
                return {"kind": kind, "text": files.read(folder / f"{key}.json")}
        return {"kind": "died", "code": code}

    def _failed(self, key: str, label: str, words: str) -> Answer:
        self._table.keep_error(key, task.error_facts(label, words))
        return {**self._told(key, 0), "files": None}

    def _forget(self, key: str) -> None:
        for folder in (self._table.results, self._table.errors):
            (folder / f"{key}.json").unlink(missing_ok=True)

    def _wait(self, pid: int) -> int:
        """How a task's process ended; with the worker, it ends too."""
        while True:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                return os.waitstatus_to_exitcode(status)
            signal.sigtimedwait({signal.SIGCHLD}, _LOOK)
            if os.getppid() != self._parent:
                task.end(pid)
                os._exit(1)


def _new_helper(parcel: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    for old in _HELPERS.values():
        _end(old)
    _HELPERS.clear()
    helper = subprocess.Popen(
        [sys.executable, "-P", "-m", "skrt_workspace.cohort.there"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **dict.fromkeys(LIBRARIES, "1"), "MPLBACKEND": "agg"},
    )
    _HELPERS[parcel["work"]] = helper
    assert helper.stdin is not None
    with contextlib.suppress(OSError):  # it has ended: whoever asks it next finds that
        _send(helper.stdin, {name: parcel[name] for name in ("head", "common", "shared", "shared_folders")})
    return helper


def _end(helper: subprocess.Popen[bytes]) -> None:
    """Let it remove what its last task left, and end."""
    assert helper.stdin is not None
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        helper.stdin.close()
        helper.wait(_TIDY)
    helper.kill()
    helper.wait()


def _send(stream: IO[bytes], what: Any) -> None:
    packed = pickle.dumps(what, protocol=5)
    stream.write(len(packed).to_bytes(8, "little"))
    stream.write(packed)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    """What was sent; None where the other side has ended."""
    length = stream.read(8)
    if len(length) < 8:
        return None
    size = int.from_bytes(length, "little")
    packed = stream.read(size)
    # Both ends are the same person's, on one machine.
    return pickle.loads(packed) if len(packed) == size else None  # noqa: S301


if __name__ == "__main__":
    standing.step_back()
    sys.exit(main())
