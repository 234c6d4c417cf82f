"""Settings to values for the dask-gateway chart: a pure function, tested as data, like those of the hub's chart.

Nothing about a worker can be chosen by who asks for one: image, memory and rights are what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skrt_hub import policy
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.cluster import placement
from skrt_hub.targets.kubernetes.release import data_sets
from skrt_hub.targets.kubernetes.release.values import HOME, OWN_LAYER, cpu_guarantee, image_of, lay_over, quantity
from skrt_hub.targets.kubernetes.release.workers import release_of
from skrt_workspace.threads import VARIABLES

CLUSTERS_EACH = 2
IDLE = 300
"""Seconds after which a cluster without tasks goes."""
_SCHEDULERS_MEMORY = 2 * 10**9


@dataclass(frozen=True)
class DaskFacts:
    """What the values depend on besides the settings.

    The participants' image, the text of `in_gateway.py`, and the fetched sets of data.
    """

    image: str
    in_gateway: str
    datasets: tuple[str, ...] = ()


def facts(image: str, datasets: tuple[str, ...] = ()) -> DaskFacts:
    """With the text that belongs to this version."""
    return DaskFacts(image, Path(__file__).with_name("in_gateway.py").read_text(encoding="utf-8"), datasets)


def render_dask(settings: Settings, given: DaskFacts) -> dict[str, Any]:
    """The chart's values; `kubernetes.dask_values` of hub.yaml is laid over them."""
    name, tag = image_of(given.image)
    secret = settings.kubernetes.image.pull_secret
    program = f"configure(c, most={settings.cohort.workers.most}, clusters={CLUSTERS_EACH}, idle={IDLE})\n"
    rendered = {
        "gateway": {
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
            "auth": {"type": "jupyterhub", "jupyterhub": {"apiUrl": "http://hub:8081/hub/api"}},
            "extraConfig": {"10-skrt-hub": f"{given.in_gateway}\n\n{program}"},
            "backend": {
                "image": {"name": name, "tag": tag, "pullPolicy": "IfNotPresent"},
                "imagePullSecrets": [{"name": secret}] if secret else [],
                "environment": _variables(settings),
                "scheduler": {
                    "cores": {"request": 0.05, "limit": 1},
                    "memory": {"request": 256 * 2**20, "limit": _SCHEDULERS_MEMORY},
                    "extraPodConfig": _pod(settings),
                    "extraContainerConfig": _container(),
                },
                "worker": _worker(settings, given.datasets),
            },
        },
        "controller": {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}}},
        "traefik": {
            # Nobody reaches it from outside the cluster: people's servers are its only guests.
            "service": {"type": "ClusterIP"},
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
        },
    }
    return lay_over(rendered, settings.kubernetes.dask_values)


def memory_of_a_worker(settings: Settings) -> int:
    """Bytes."""
    return settings.cohort.workers.memory or settings.limits.memory


def priority_of(release: str) -> str:
    """The priority class of the workers: they give way to people, and only they count for the most there may be."""
    return f"{release}-worker"


def _worker(settings: Settings, datasets: tuple[str, ...]) -> dict[str, Any]:
    memory = memory_of_a_worker(settings)
    request = settings.cohort.workers.cpu_guarantee or max(0.01, round(cpu_guarantee(settings) / 2, 3))
    volumes, mounts = _beside_the_home(settings, datasets)
    pod = _pod(settings)
    pod["volumes"] = [*pod["volumes"], *volumes]
    release = release_of(settings)
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/component": "dask-worker"}},
    }
    return {
        "cores": {"request": request, "limit": 1},
        "threads": 1,
        "memory": {"request": memory, "limit": memory},
        "extraPodConfig": {**pod, "priorityClassName": priority_of(release), "topologySpreadConstraints": [spread]},
        "extraContainerConfig": _container(mounts),
    }


def _variables(settings: Settings) -> dict[str, str]:
    return {
        **dict.fromkeys(VARIABLES, "1"),
        **policy.engines.variables(settings.engines),
        "MEM_LIMIT": str(memory_of_a_worker(settings)),
        "CPU_LIMIT": "1",
    }


def _pod(settings: Settings) -> dict[str, Any]:
    """The home is empty, and goes with the pod; files come with the tasks."""
    space = quantity(settings.limits.home or settings.kubernetes.home_size)
    volumes = [
        {"name": "home", "emptyDir": {"sizeLimit": space}},
        {"name": "temporary", "emptyDir": {"sizeLimit": space}},
    ]
    return {
        **placement.of_a_pod(settings.kubernetes),
        "volumes": volumes,
        "securityContext": {"runAsUser": 1000, "runAsGroup": 100, "fsGroup": 100, "runAsNonRoot": True},
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
    }


def _container(beside: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    mounts = [{"name": "home", "mountPath": HOME}, {"name": "temporary", "mountPath": "/tmp"}]  # noqa: S108 - the pod's
    return {
        "workingDir": HOME,
        "volumeMounts": [*mounts, *beside],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "resources": {"limits": {"ephemeral-storage": quantity(OWN_LAYER)}},
    }


def _beside_the_home(settings: Settings, datasets: tuple[str, ...]) -> tuple[list[Any], list[Any]]:
    """Volumes and mounts of a worker: the data that every node has, the fetched sets, and a place for shared files.

    Which shared folders somebody has, only the hub knows. So their files travel with the tasks, as the home's do.
    """
    sets, at = data_sets.volumes(datasets)
    volumes, mounts = [*sets.values()], [*at.values()]
    for number, item in enumerate(settings.data):
        name = f"data-{number}"
        volumes.append({"name": name, "hostPath": {"path": str(item.folder), "type": "Directory"}})
        mounts.append({"name": name, "mountPath": f"/data/{item.name}", "readOnly": True})
    if settings.shared:
        space = quantity(settings.limits.home or settings.kubernetes.home_size)
        volumes.append({"name": "shared", "emptyDir": {"sizeLimit": space}})
        mounts.append({"name": "shared", "mountPath": "/shared"})
    return volumes, mounts
