"""The environment variables by which the hub tells a server what does its cohorts (standard library only)."""

from __future__ import annotations

import os

ENGINE = "SKRT_COHORT_ENGINE"
"""What does cohorts, where it is not the owner's server itself; see skrt_workspace.cohort.clusters."""
GATEWAY, LOCAL, SLURM = "dask-gateway", "local", "slurm"
LEAST = "SKRT_COHORT_LEAST_WORKERS"
"""How many workers an engine keeps while a cohort waits."""
OWN_NETWORK = "SKRT_OWN_NETWORK"
"""Whether the server has a network of its own: what listens on its loopback is then its owner's, and nobody else's."""


def variables(*, own_network: bool) -> dict[str, str]:
    """What a server is told so that pages of Dask in its own sandbox come through it, where that is safe."""
    link = "{JUPYTERHUB_SERVICE_PREFIX}skrt/dask/here/{port}/status"
    return {OWN_NETWORK: "1", "DASK_DISTRIBUTED__DASHBOARD__LINK": link} if own_network else {}


def engine() -> str:
    """What does cohorts, where it is not one's own server; nothing where it is."""
    return os.environ.get(ENGINE, "")


def least() -> int:
    """How many workers stay while a cohort waits."""
    told = os.environ.get(LEAST, "")
    return int(told) if told.isdigit() else 0
