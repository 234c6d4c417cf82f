"""hub.yaml's `cohort`: functions that participants have done for many patients, also while they are away."""

from __future__ import annotations

from pydantic import Field, model_validator

from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Duration, Size


class Workers(Section):
    """How many tasks run at a time."""

    least: int = Field(
        0,
        ge=0,
        le=10_000,
        description="In a cluster, so many workers stay while a cohort has not finished, also where it waits. 0: a "
        "worker goes as soon as it has nothing to do. On one machine it means nothing: no worker takes a place there.",
    )
    most: int = Field(
        0,
        ge=0,
        le=10_000,
        description="At most so many tasks of all people together run at a time, shared evenly. 0: on one machine one "
        "fewer than it has processors, in a cluster as many as each one's `limits.cpu`. In a cluster with a number "
        "here, each task runs on a worker, a pod of its own on any node: `up` then installs Dask beside the hub.",
    )
    memory: Size = Field(
        0, description="In a cluster, the memory of one worker, and so of one task. 0: as much as `limits.memory`."
    )
    cpu_guarantee: float = Field(
        0,
        ge=0,
        le=1,
        description="In a cluster, the part of a processor set aside for a worker, which uses up to one. 0: half of "
        "what a participant has, so that notebooks come first. For nodes of their own, 1.",
    )

    @model_validator(mode="after")
    def _possible(self) -> Workers:
        if self.most and self.least > self.most:
            raise ValueError(f"least: {self.least} is more than most: {self.most}")
        return self


class Cohort(Section):
    """Cohorts: a function for many patients."""

    workers: Workers = Field(default_factory=Workers, description="How many tasks run at a time.")
    awake: Duration = Field(
        86400,
        description="A cohort that runs keeps its owner's server from being ended as idle, for this long after its "
        "owner last did something. 0: not at all; it goes on with the owner's next server.",
    )
