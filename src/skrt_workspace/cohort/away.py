"""Does one cohort on the workers of an engine: a task for each worker that the hub gives, and one that waits there.

What was on the way when the runner ended is begun anew by the next; what came back is on the disk.
"""

from __future__ import annotations

import contextlib
import errno
import json
import queue
import sys
import tarfile
import time
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skrt_workspace import workers
from skrt_workspace.cohort import ahead, carried, clusters, share, task, there
from skrt_workspace.cohort.table import CohortError, Head, Table
from skrt_workspace.cohort.tasks import LOOK, Tasks

_KILLED = -9
_ANSWERS = 60.0
"""Seconds that what a task gave may be on its way."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_COUNTED = 1.0
"""Seconds for which a number of workers holds."""
_BREATH = 2.0
"""Seconds before something is handed to an engine that has just lost a task: it needs a moment, too."""
_LONGEST_SILENCE = 120.0
"""Seconds for which an engine may lose tasks and bring none back."""


class EngineError(Exception):
    """Nothing comes back from the engine: the runner begins anew."""


@dataclass
class OnTheWay:
    """A task that was handed to the engine, the how manyth it was, and the bytes that travel with it."""

    future: Any
    begun: float
    number: int = 0
    weight: int = 0


class Away(Tasks):
    """One cohort at work elsewhere. Raises whatever the engine raises when it cannot be reached."""

    def __init__(self, table: Table, head: Head) -> None:
        super().__init__(table, head)
        self._cluster = clusters.opened(workers.engine())
        self._client = self._cluster.client()
        self._on_the_way: dict[str, OnTheWay] = {}
        self._over: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._workers = -1
        self._granted = self._in_use = self._handed = 0
        self._there, self._count_at = 0, 0.0
        self._lost_since = self._wait_until = 0.0
        shared = carried.pack(Path.home(), head.common_inputs) if self._cluster.carries else None
        slim = {**asdict(head), "labels": (), "keys": (), "places": (), "inputs": ()}
        # What every task of the cohort has in common. It travels with each: whoever does the task may be new.
        self._cohort = {
            "work": head.work,
            "head": json.dumps(slim).encode(),
            "common": bytes(self._common),
            "shared": shared,
            "shared_folders": carried.shared_folders(Path.home()) if self._cluster.carries else (),
        }
        self._weight = len(self._common) + len(shared or b"")
        inputs = head.inputs or ((),) * len(head.keys)
        self._inputs = dict(zip(head.keys, inputs, strict=True))

    def run(self) -> None:
        """Go on until nothing is left."""
        try:
            while self._goes_on(len(self._on_the_way)):
                self._begin()
                running = min(len(self._on_the_way), self._in_use)
                self._say(running, ahead=len(self._on_the_way) - running)
                self._end()
        finally:
            with contextlib.suppress(Exception):
                self._client.cancel([each.future for each in self._on_the_way.values()], force=True)
                self._client.close()
            self._cluster.leave()

    def _begin(self) -> None:
        left = len(self._waiting) + len(self._on_the_way)
        places = min(share.at_once(self._head.at_once), left)
        if places < self._granted and len(self._on_the_way) > places:
            self._take_back()
        self._granted = places
        # A worker that has a task is left to finish it.
        self._in_use = max(places, min(self._in_use, len(self._on_the_way)))
        wanted = max(self._in_use, min(workers.least(), left))
        if wanted != self._workers:
            self._cluster.scale(wanted)
            self._workers = wanted
        if time.monotonic() < self._wait_until or self._in_use > places:
            return
        while self._waiting and len(self._on_the_way) < self._most(places):
            self._hand_over(self._waiting.popleft())

    def _most(self, places: int) -> int:
        """How many may be on the way."""
        if time.monotonic() >= self._count_at:
            self._count_at = time.monotonic() + _COUNTED
            with contextlib.suppress(OSError):  # a line that breaks is made anew, and none needs one ahead meanwhile
                self._there = len(self._client.nthreads())
        heaviest = max((each.weight for each in self._on_the_way.values()), default=0)
        return ahead.most_on_the_way(places, workers=self._there, heaviest=heaviest)

    def _take_back(self) -> None:
        """Fewer workers are ours from now on: what waits behind another task begins when it is its turn again."""
        handed = {each.future.key: each.number for each in self._on_the_way.values() if each.future.status == "pending"}
        try:
            names = ahead.not_begun(handed, self._client.processing().values())
        except OSError:
            return
        keys = {each.future.key: key for key, each in self._on_the_way.items()}
        back = [self._on_the_way.pop(keys[name]).future for name in names]
        self._waiting.extendleft(keys[name] for name in names)
        self._client.cancel(back)

    def _hand_over(self, key: str) -> None:
        files = None
        if self._cluster.carries:
            try:
                files = carried.pack(Path.home(), self._inputs[key])
            except (OSError, CohortError) as error:
                self._table.keep_error(key, task.error_facts(self._labels[key], str(error)))
                return
        tries = self._tries(key)
        own = {"key": key, "label": self._labels[key], "tries": tries, "patient": bytes(self._patient(key))}
        self._handed += 1  # a name that the engine has not heard yet, also where it lost the task of this name
        name = f"{self._head.name}-{key}-{self._handed}"
        future = self._client.submit(there.do, {**self._cohort, **own, "files": files}, key=name, pure=False)
        weight = len(files or b"") + self._weight
        self._on_the_way[key] = OnTheWay(future, time.monotonic(), self._handed, weight)
        future.add_done_callback(lambda ended, key=key: self._over.put((key, ended)))

    def _end(self) -> None:
        """Take what came back; waits a moment for the first."""
        try:
            self._take(*self._over.get(timeout=LOOK))
            while True:
                self._take(*self._over.get_nowait())
        except queue.Empty:
            return

    def _take(self, key: str, future: Any) -> None:
        ended = self._on_the_way.get(key)
        if ended is None or ended.future is not future:
            return  # it was lost, handed over again, and came back all the same
        del self._on_the_way[key]
        if ended.future.status == "error":  # the engine's own: it lost worker after worker on this task
            print(f"{self._head.name}: {ended.future.exception()}", file=sys.stderr, flush=True)
            self._died(key, ended.begun, _KILLED)
        elif (answer := _answer(ended.future)) is None:
            self._lost(key)
        else:
            self._lost_since = 0.0
            self._keep(key, ended, answer)
        ended.future.release()

    def _lost(self, key: str) -> None:
        """The engine has lost a task, as it does when a line to it breaks: it is handed over again."""
        now = time.monotonic()
        self._lost_since = self._lost_since or now
        if self._client.status == "closed" or now - self._lost_since > _LONGEST_SILENCE:
            raise EngineError("the engine loses tasks and brings none back")
        print(
            f"{self._head.name}: the engine has lost {self._labels[key]}; it begins again", file=sys.stderr, flush=True
        )
        self._waiting.appendleft(key)
        self._wait_until = now + _BREATH

    def _keep(self, key: str, ended: OnTheWay, answer: there.Answer) -> None:
        if answer["files"]:  # before the result: what is done is whole
            try:
                carried.unpack(Path.home(), answer["files"])
            except (OSError, tarfile.TarError) as error:
                if getattr(error, "errno", None) in _FULL:
                    raise  # the runner begins anew after a while: nothing can be kept until there is room
                words = f"What it wrote could not be laid where it belongs: {error}"
                self._table.keep_error(key, task.error_facts(self._labels[key], words))
                return
        if answer["kind"] == "died" or not self._table.keep_told(answer["kind"], key, answer["text"]):
            self._died(key, ended.begun, answer.get("code", 1))


def _answer(future: Any) -> there.Answer | None:
    """What a task gave; None where the engine has lost it, which it may do between the task's end and this."""
    if future.status != "finished":
        return None
    try:
        answer: there.Answer = future.result(timeout=_ANSWERS)
    except (CancelledError, TimeoutError, OSError):  # a broken line is an OSError of the engine's
        return None
    return answer
