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

    def __init__(self, status: str, given: object = None, key: str = "") -> None:
        self.status, self._given, self.key = status, given, key

    def add_done_callback(self, what: object) -> None:
        pass

    def result(self, timeout: float) -> object:
        if isinstance(self._given, Exception):
            raise self._given
        return self._given

    def release(self) -> None:
        pass


class Engine:
    """Its client: it has so many workers, and each of them what it was handed in turn."""

    def __init__(self, workers: int) -> None:
        self.status, self.workers = "running", workers
        self.handed: dict[str, Future] = {}
        self.cancelled: list[str] = []

    def submit(self, do: object, parcel: dict[str, Any], *, key: str, pure: bool) -> Future:
        self.handed[key] = Future("pending", key=key)
        return self.handed[key]

    def nthreads(self) -> dict[str, int]:
        return {str(number): 1 for number in range(self.workers)}

    def processing(self) -> dict[str, tuple[str, ...]]:
        names = list(self.handed)
        return {str(number): tuple(reversed(names[number :: self.workers])) for number in range(self.workers)}

    def cancel(self, futures: list[Future]) -> None:
        self.cancelled += [future.key for future in futures]

    def scale(self, workers: int) -> None:
        self.wanted = workers


@pytest.fixture
def at_work(made: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A cohort of eight with an engine of two workers, both granted."""
    keys = [f"{number:032x}" for number in range(8)]
    made._client = made._cluster = Engine(2)
    made._cluster.carries = False
    made._head = SimpleNamespace(name="night", at_once=0)
    made._labels, made._places = dict.fromkeys(keys, "p"), dict.fromkeys(keys, (0, 1))
    made._work, made._cohort, made._weight = memoryview(b"p"), {}, 0
    made._waiting, made._on_the_way, made._deaths = deque(keys), {}, {}
    made._workers, made._granted, made._in_use, made._handed, made._there = -1, 0, 0, 0, 0
    made._wait_until = made._count_at = 0.0
    made.grant = lambda places: monkeypatch.setattr(share, "at_once", lambda most: places)
    made.grant(2)
    return made


def test_each_worker_has_one_task_that_waits_there(at_work: Any) -> None:
    at_work._begin()
    assert len(at_work._on_the_way) == 4 and at_work._in_use == 2 and at_work._cluster.wanted == 2


def test_nothing_waits_at_workers_that_are_not_there_or_about_to_go(at_work: Any) -> None:
    at_work._client.workers = 0
    at_work._begin()
    assert len(at_work._on_the_way) == 2
    at_work._client.workers, at_work._count_at = 3, 0.0
    at_work._begin()
    assert len(at_work._on_the_way) == 2


def test_a_worker_that_goes_to_somebody_else_finishes_its_task_and_begins_no_other(at_work: Any) -> None:
    at_work._begin()
    first, second, third, fourth = at_work._on_the_way
    at_work.grant(1)
    at_work._begin()
    assert list(at_work._on_the_way) == [first, second], "what runs is left"
    assert list(at_work._waiting)[:2] == [third, fourth], "what waited there is next, in its order"
    assert len(at_work._client.cancelled) == 2
    assert at_work._in_use == 2 and at_work._cluster.wanted == 2, "the hub and the engine know that both are at work"
    del at_work._on_the_way[first]
    at_work._begin()
    assert list(at_work._on_the_way) == [second] and at_work._cluster.wanted == 1
    at_work._client.workers, at_work._count_at = 1, 0.0
    at_work._begin()
    assert list(at_work._on_the_way) == [second, third]
    at_work.grant(0)
    at_work._begin()
    assert at_work._in_use == 1, "nothing is given before the last one ends"


def test_much_to_carry_does_not_wait_in_the_workers_memory(at_work: Any) -> None:
    at_work._weight = 40 << 20
    at_work._begin()
    assert len(at_work._on_the_way) == 2


@pytest.mark.parametrize(
    "future", [Future("lost"), Future("cancelled"), Future("finished", CancelledError()), Future("finished", OSError())]
)
def test_a_lost_task_is_handed_over_again(made: Any, future: Future, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    made._client = made._cluster = Engine(1)
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
    made._workers = 2
    made._granted = made._in_use = made._there = 0
    made._count_at = 0.0
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
