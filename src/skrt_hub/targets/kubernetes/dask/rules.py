"""What stands beside the chart's objects: who may speak to whom, and how many workers there may be at all.

The chart has no rules of its own for either. Workers and schedulers run participants' programs, so they may reach what
a participant's server may, and one another; the pages and the ways in of a cluster are left to who must use them.
"""

from __future__ import annotations

from typing import Any

from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.dask.values import priority_of
from skrt_hub.targets.kubernetes.release.workers import PORT, of_the_chart

Object = dict[str, Any]

OWNER = "skrt-hub/dask"
"""The label of these objects, by which they are found again."""
KINDS = "networkpolicies,resourcequotas"
"""Their kinds, as kubectl takes them: those of the namespace."""
PRIORITY = -10
"""Below everybody's 0, and just high enough that a cluster that can grow does so for a worker."""
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")
_COMM = {"port": 1024, "endPort": 65535, "protocol": "TCP"}


def objects(settings: Settings, release: str) -> list[Object]:
    """All of them."""
    labels = {OWNER: release, "app.kubernetes.io/instance": release}
    return [
        {**made, "metadata": {**made["metadata"], "labels": labels}}
        for made in (_priority(release), _quota(settings, release), *_policies(settings, release))
    ]


def _priority(release: str) -> Object:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": priority_of(release)},
        "value": PRIORITY,
        "globalDefault": False,
        "preemptionPolicy": "Never",
        "description": "Workers for cohorts: they give way to people.",
    }


def _quota(settings: Settings, release: str) -> Object:
    scope = {"scopeName": "PriorityClass", "operator": "In", "values": [priority_of(release)]}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": priority_of(release)},
        "spec": {
            "hard": {"pods": str(settings.cohort.workers.most)},
            "scopeSelector": {"matchExpressions": [scope]},
        },
    }


def _policies(settings: Settings, release: str) -> list[Object]:
    worker, scheduler = _of_a_cluster(release, "dask-worker"), _of_a_cluster(release, "dask-scheduler")
    api, traefik = of_the_chart(release, "gateway"), of_the_chart(release, "traefik")
    controller, servers = of_the_chart(release, "controller"), {"component": "singleuser-server"}
    names = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    outside = [*_internet(settings), names, _to((worker, scheduler), _COMM)]
    return [
        _policy(f"{release}-worker", worker, ingress=[_from((worker, scheduler), _COMM)], egress=outside),
        _policy(
            f"{release}-scheduler",
            scheduler,
            ingress=[
                _from((worker, traefik), {"port": 8786}),
                _from((traefik,), {"port": 8787}),
                _from((api, controller), {"port": 8788}),
            ],
            egress=[*outside, _to((api,), {"port": 8000})],
        ),
        _policy(f"{release}-gateway", api, ingress=[_from((traefik, scheduler), {"port": 8000})]),
        _policy(f"{release}-controller", controller, ingress=[]),
        _policy(f"{release}-traefik", traefik, ingress=[_from((servers,), {"port": PORT})]),
    ]


def _internet(settings: Settings) -> list[dict[str, Any]]:
    if not settings.limits.internet:
        return []
    return [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": list(_PRIVATE)}}]}]


def _policy(name: str, pods: dict[str, str], **rules: list[dict[str, Any]]) -> Object:
    types = [kind.capitalize() for kind in rules]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {"matchLabels": pods}, "policyTypes": types, **rules},
    }


def _from(pods: tuple[dict[str, str], ...], *ports: dict[str, Any]) -> dict[str, Any]:
    return {"from": [{"podSelector": {"matchLabels": labels}} for labels in pods], "ports": list(ports)}


def _to(pods: tuple[dict[str, str], ...], *ports: dict[str, Any]) -> dict[str, Any]:
    return {"to": [{"podSelector": {"matchLabels": labels}} for labels in pods], "ports": list(ports)}


def _of_a_cluster(release: str, component: str) -> dict[str, str]:
    return {"gateway.dask.org/instance": release, "app.kubernetes.io/component": component}
