"""What `cohort` in hub.yaml means on each target: how many workers there are, and what servers are told."""

from __future__ import annotations

import math

from skrt_hub.policy import profiles
from skrt_hub.settings.model import Settings
from skrt_workspace import workers as told_of_workers
from skrt_workspace.awake import VARIABLE


def workers(settings: Settings, processors: int | None = None) -> int:
    """How many tasks of all people run at a time; 0: as many as each may have. `processors`: of the one machine."""
    if settings.cohort.workers.most or processors is None:
        return settings.cohort.workers.most
    return max(1, processors - 1)  # one is left for the hub and for those who work in notebooks


def on_workers(settings: Settings) -> bool:
    """Whether tasks run on workers of their own, beside people's servers."""
    return settings.target == "kubernetes" and settings.cohort.workers.most > 0


def each(settings: Settings) -> int:
    """The most tasks that one person may have: what the server has processors for, or all workers that there are."""
    if on_workers(settings):
        return settings.cohort.workers.most
    return max(math.ceil(choice.limits.cpu) for choice in profiles.choices(settings))


def variables(settings: Settings) -> dict[str, str]:
    """What participants' servers are told: for how long a cohort that runs counts as use, and what does its tasks."""
    told = {VARIABLE: str(settings.cohort.awake)}
    if on_workers(settings):
        told |= {
            told_of_workers.ENGINE: told_of_workers.GATEWAY,
            told_of_workers.LEAST: str(settings.cohort.workers.least),
        }
    return told
