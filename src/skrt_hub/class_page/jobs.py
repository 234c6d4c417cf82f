"""What takes long on the class's page: one piece of work at a time, and what came of each kind last."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from skrt_hub.errors import SkrtHubError
from skrt_hub.report import Report
from skrt_hub.results import Found, found

LOG = logging.getLogger("class")


@dataclass(frozen=True)
class Job:
    """One piece of work, of a kind for which the page has words: who began it, and what came of it.

    Neither `found` nor `problem` while it is done.
    """

    kind: str
    who: str
    began: str
    found: Found | None = None
    problem: str = ""

    @property
    def runs(self) -> bool:
        """Whether it is still being done."""
        return self.found is None and not self.problem


class Jobs:
    """The work of one page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def begin(self, kind: str, who: str, work: Callable[[], Report], note: Callable[[str], None]) -> bool:
        """Begin it; False where other work is being done. `note` is told how it ended."""
        job = Job(kind, who, datetime.now(UTC).isoformat(timespec="seconds"))
        with self._lock:
            if any(one.runs for one in self._jobs.values()):
                return False
            self._put(job)
        threading.Thread(target=self._do, args=(job, work, note), name=kind, daemon=True).start()
        return True

    def seen(self) -> tuple[Job, ...]:
        """What is being done and the newest of each kind that is done, the newest first."""
        with self._lock:
            return tuple(reversed(self._jobs.values()))

    def _do(self, job: Job, work: Callable[[], Report], note: Callable[[str], None]) -> None:
        try:
            done = replace(job, found=found(work()))
        except SkrtHubError as error:
            done = replace(job, problem=str(error))
        except Exception as error:  # whoever began it sees it; the log has the whole
            LOG.exception("%s", job.kind)
            done = replace(job, problem=f"{type(error).__name__}: {error}. The whole is told by: skrt-hub logs page")
        note(f"failed: {done.problem.splitlines()[0]}" if done.problem else "done")
        with self._lock:
            self._put(done)

    def _put(self, job: Job) -> None:
        self._jobs.pop(job.kind, None)
        self._jobs[job.kind] = job
