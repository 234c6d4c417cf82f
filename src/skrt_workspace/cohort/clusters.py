"""The engines that do cohorts on other machines, as a runner sees them: a client, a number of workers, an end.

Which one it is, the hub says (skrt_workspace.workers). All are Dask: they differ in what starts the workers.
"""

from __future__ import annotations

import contextlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from skrt_workspace.cohort import files
from skrt_workspace.cohort.table import CohortError
from skrt_workspace.workers import GATEWAY, LOCAL, SLURM

_NOTE = Path(".local/state/skrt-workspace/cohort-cluster.json")


class Cluster(Protocol):
    """Workers somewhere."""

    carries: bool
    """Whether the workers do not see the home, so that files travel with the tasks."""

    def client(self) -> Any:
        """A distributed.Client."""

    def scale(self, workers: int) -> None:
        """Have so many workers."""

    def leave(self) -> None:
        """Nothing is left to do."""


def check(engine: str) -> None:
    """Raises CohortError where the engine cannot be had here: the runner's own words nobody would see."""
    if engine == SLURM and find_spec("dask_jobqueue") is None:
        raise CohortError("Workers on Slurm need one more package here: %pip install dask-jobqueue")


def opened(engine: str) -> Cluster:
    """The cluster of this engine. Raises CohortError for one that is not known, and whatever the engine raises."""
    kinds: dict[str, type] = {GATEWAY: OnGateway, LOCAL: OnThisMachine, SLURM: OnSlurm}
    if engine not in kinds:
        raise CohortError(f"There is no engine {engine!r} for cohorts.")
    found: Cluster = kinds[engine]()
    return found


class OnGateway:
    """Workers in pods of their own, from dask-gateway; where and with whose token is in the server's variables.

    The cluster outlives the runner, which finds it again; one without tasks ends by itself after some minutes.
    """

    carries = True

    def __init__(self) -> None:
        from dask_gateway import Gateway  # noqa: PLC0415 - a heavy library

        self._gateway = Gateway()
        self._cluster = self._known()
        if self._cluster is None:
            self._cluster = self._gateway.new_cluster(shutdown_on_close=False)
            note = Path.home() / _NOTE
            note.parent.mkdir(parents=True, exist_ok=True)
            files.write(note, json.dumps({"name": self._cluster.name}).encode())

    def client(self) -> Any:
        return self._cluster.get_client()

    def scale(self, workers: int) -> None:
        self._cluster.scale(workers)

    def leave(self) -> None:
        with contextlib.suppress(Exception):  # it goes by itself, too
            self._cluster.scale(0)
        self._cluster.close()
        self._gateway.close()

    def _known(self) -> Any:
        """The cluster of the runner before, where it is still there."""
        try:
            name = json.loads(files.read(Path.home() / _NOTE, 4096))["name"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if name not in {report.name for report in self._gateway.list_clusters()}:
            return None
        return self._gateway.connect(name, shutdown_on_close=False)


class OnThisMachine:
    """Dask's own workers beside the runner, which see the home: for trying out what an engine does."""

    carries = False

    def __init__(self) -> None:
        from distributed import LocalCluster  # noqa: PLC0415 - a heavy library

        self._cluster = LocalCluster(
            n_workers=0, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0
        )

    def client(self) -> Any:
        return self._cluster.get_client()

    def scale(self, workers: int) -> None:
        self._cluster.scale(workers)

    def leave(self) -> None:
        self._cluster.close()


class OnSlurm:
    """Workers as jobs of Slurm, on nodes that see the home. What the site wants to know is in Dask's own settings.

    It is for people with an account there, on their own: such a job runs with all rights of that account, outside of
    any sandbox, so a hub never asks for it.
    """

    carries = False

    def __init__(self) -> None:
        try:
            from dask_jobqueue import SLURMCluster  # noqa: PLC0415 - only sites with Slurm have it
        except ImportError:
            raise CohortError(
                "For workers on Slurm this environment needs a package: %pip install dask-jobqueue"
            ) from None
        try:
            self._cluster = SLURMCluster(cores=1, processes=1, scheduler_options={"dashboard": False})
        except ValueError as error:
            raise CohortError(
                f"Slurm is not told enough: {error}. Write it into ~/.config/dask/jobqueue.yaml, or give a variable "
                "such as DASK_JOBQUEUE__SLURM__MEMORY=4GB."
            ) from None

    def client(self) -> Any:
        return self._cluster.get_client()

    def scale(self, workers: int) -> None:
        # Not `scale`: a job that ends, as all do when their time is over, would not be replaced.
        self._cluster.adapt(minimum=workers, maximum=workers, interval="2s")

    def leave(self) -> None:
        self._cluster.close()
