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


def on_one_machine(settings: Settings, processors: int) -> str:
    """What hub.yaml's workers mean where there is one machine, in words; nothing where it says nothing of them."""
    asked = settings.cohort.workers
    if not (asked.most or asked.least or asked.memory or asked.cpu_guarantee):
        return ""
    most = workers(settings, processors)
    words = f"at most {most} {'task' if most == 1 else 'tasks'} of all people at a time, each in its owner's sandbox"
    unused = [name for name in ("least", "memory", "cpu_guarantee") if getattr(asked, name)]
    if unused:
        words += f"; {', '.join(unused)} mean something on Kubernetes only"
    if most > processors:
        words += f"; more than this machine's {processors} processors make nothing faster"
    return words
