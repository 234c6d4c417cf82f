"""Workers as jobs of Slurm: what is asked of Dask's library, and what people are told where it lacks something.

A real Slurm is no part of the tests; what was tried on one stands in docs/how-to/cohort.md.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_workspace import cohort, workers
from skrt_workspace.cohort import clusters, share
from skrt_workspace.cohort.table import CohortError


class Jobs:
    """What `dask_jobqueue.SLURMCluster` is to us."""

    asked: list[Any]

    def __init__(self, **options: Any) -> None:
        self.asked = [options]

    def adapt(self, **options: Any) -> None:
        self.asked.append(options)

    def close(self) -> None:
        self.asked.append("closed")


def test_as_many_jobs_as_are_asked_for_also_when_some_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_jobqueue", SimpleNamespace(SLURMCluster=Jobs))
    cluster: Any = clusters.opened(workers.SLURM)
    assert not cluster.carries, "the home is on all nodes"
    cluster.scale(4)
    cluster.leave()
    first, second, last = cluster._cluster.asked
    assert (first["cores"], first["processes"]) == (1, 1)
    assert (second["minimum"], second["maximum"], last) == (4, 4, "closed")


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(workers.ENGINE, workers.SLURM)
    monkeypatch.setattr(clusters, "find_spec", lambda name: None)
    with pytest.raises(CohortError, match="pip install dask-jobqueue"):
        cohort.run(print, ["p1"], wait=False)

    def silent(**_: Any) -> None:
        raise ValueError("You must specify how much memory to use per job")

    monkeypatch.setitem(sys.modules, "dask_jobqueue", SimpleNamespace(SLURMCluster=silent))
    with pytest.raises(CohortError, match=r"how much memory .* DASK_JOBQUEUE__SLURM__MEMORY=4GB"):
        clusters.opened(workers.SLURM)


def test_jobs_are_not_counted_by_this_machines_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(workers.ENGINE, workers.SLURM)
    monkeypatch.setenv("CPU_LIMIT", "1")
    assert share.at_once() == 10
    assert share.at_once(40) == 40
