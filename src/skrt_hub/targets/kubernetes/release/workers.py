"""The hub's half of workers on many nodes: Dask's gateway as a service of the hub, and the servers' way to it.

The other half, the gateway itself, is a release of its own (skrt_hub.targets.kubernetes.dask).
"""

from __future__ import annotations

from typing import Any

from skrt_hub import policy
from skrt_hub.settings.model import Settings

SERVICE = "dask-gateway"
"""The hub's service; the gateway's chart finds its token by that name in the hub's secret."""
PORT = 8000
"""Where the pod of the gateway's proxy listens for people's servers."""
_LONGEST_RELEASE = 40


def release_of(settings: Settings) -> str:
    """The Helm release beside the hub's. All of its objects end with this name."""
    hub = settings.kubernetes.release or settings.name
    return f"{hub[:_LONGEST_RELEASE].rstrip('-')}-{SERVICE}"


def of_the_chart(release: str, component: str) -> dict[str, str]:
    """The labels of a part of the gateway."""
    return {"app.kubernetes.io/instance": release, "app.kubernetes.io/component": component}


def hub_values(settings: Settings) -> dict[str, Any]:
    """What the hub's part of the chart gets: a service, for which the chart makes a token."""
    return {"services": {SERVICE: {"display": False}}} if policy.cohorts.on_workers(settings) else {}


def variables(settings: Settings) -> dict[str, str]:
    """What people's servers are told of it. The pages of one's own clusters come through one's own server."""
    if not policy.cohorts.on_workers(settings):
        return {}
    return {
        "DASK_GATEWAY__ADDRESS": f"http://traefik-{release_of(settings)}",
        "DASK_GATEWAY__AUTH__TYPE": "jupyterhub",
        "DASK_GATEWAY__PUBLIC_ADDRESS": "{JUPYTERHUB_SERVICE_PREFIX}skrt/dask",
    }


def egress(settings: Settings) -> list[dict[str, Any]]:
    """The rule that lets a participant's pod reach it."""
    if not policy.cohorts.on_workers(settings):
        return []
    pods = {"podSelector": {"matchLabels": of_the_chart(release_of(settings), "traefik")}}
    return [{"to": [pods], "ports": [{"port": PORT}]}]
