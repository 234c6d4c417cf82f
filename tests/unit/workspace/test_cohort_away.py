"""What comes back from workers: kept, or an error of that patient; never a reason to begin anew for ever."""

from __future__ import annotations

import errno
import io
import tarfile
from collections import deque
from concurrent.futures import CancelledError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_workspace.cohort import away, carried, share
from skrt_workspace.cohort.table import Table

KEY = "0" * 32


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Without an engine: only what takes an answer."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "elsewhere").symlink_to("/tmp")
    one = away.Away.__new__(away.Away)
    one._table, one._labels = Table(tmp_path / "cohorts/n"), {KEY: "p1"}
    one._table.results.mkdir(parents=True)
    one._table.errors.mkdir()
    return one


def answer() -> dict[str, object]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("elsewhere/moved.nii"))
    return {"kind": "result", "files": stream.getvalue(), "text": b""}


def test_files_that_belong_nowhere_are_their_patients_error(made: Any) -> None:
    made._keep(KEY, away.OnTheWay(None, 0.0), answer())
    kept = made._table.error(KEY)
    assert kept is not None and "could not be laid where it belongs" in kept["error"]


def test_a_full_home_is_nobodys_error(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(home: Path, piece: bytes) -> list[Path]:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(carried, "unpack", full)
    with pytest.raises(OSError, match="quota"):
        made._keep(KEY, away.OnTheWay(None, 0.0), answer())
    assert made._table.error(KEY) is None


class Future:
    """Of an engine: it says how it is, and what it gives when asked."""

    def __init__(self, status: str, given: object = None) -> None:
        self.status, self._given = status, given

    def result(self, timeout: float) -> object:
        if isinstance(self._given, Exception):
            raise self._given
        return self._given

    def release(self) -> None:
        pass


@pytest.mark.parametrize(
    "future", [Future("lost"), Future("cancelled"), Future("finished", CancelledError()), Future("finished", OSError())]
)
def test_a_lost_task_is_handed_over_again(made: Any, future: Future, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    made._client = SimpleNamespace(status="running")
    made._head = SimpleNamespace(name="night", at_once=0)
    made._waiting = deque()
    made._lost_since = made._wait_until = 0.0
    made._on_the_way = {KEY: away.OnTheWay(future, 0.0)}
    made._take(KEY, Future("finished"))
    assert not made._waiting, "what was handed over before is nobody's any more"
    made._take(KEY, future)
    assert list(made._waiting) == [KEY] and not made._on_the_way
    handed: list[str] = []
    monkeypatch.setattr(made, "_hand_over", handed.append)
    monkeypatch.setattr(share, "at_once", lambda most: 2)
    made._workers = 1
    made._begin()
    assert not handed, "the engine gets a moment"
    clock[0] += away._BREATH
    made._begin()
    assert handed == [KEY]
    made._on_the_way = {KEY: away.OnTheWay(future, 0.0)}
    clock[0] += away._LONGEST_SILENCE
    with pytest.raises(away.EngineError):
        made._take(KEY, future)


def test_an_engine_that_is_gone_is_not_asked_again(made: Any) -> None:
    made._client = SimpleNamespace(status="closed")
    made._lost_since = 0.0
    made._on_the_way = {KEY: away.OnTheWay(future := Future("lost"), 0.0)}
    with pytest.raises(away.EngineError):
        made._take(KEY, future)
