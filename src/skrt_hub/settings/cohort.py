"""hub.yaml's `cohort`: functions that participants have done for many patients, also while they are away."""

from __future__ import annotations

from pydantic import Field

from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Duration


class Workers(Section):
    """How many tasks run at a time."""

    most: int = Field(
        0,
        ge=0,
        le=10_000,
        description="At most so many tasks of all people together run at a time, shared evenly. 0: on one machine one "
        "fewer than it has processors, in a cluster as many as each one's `limits.cpu`.",
    )


class Cohort(Section):
    """Cohorts: a function for many patients."""

    workers: Workers = Field(default_factory=Workers, description="How many tasks run at a time.")
    awake: Duration = Field(
        86400,
        description="A cohort that runs keeps its owner's server from being ended as idle, for this long after its "
        "owner last did something. 0: not at all; it goes on with the owner's next server.",
    )
