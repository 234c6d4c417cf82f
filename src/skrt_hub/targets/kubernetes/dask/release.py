"""The gateway as a release of its own beside the hub's: there where hub.yaml asks for workers, else removed.

It stands before the hub is sent, and waits for the hub's secret; nothing in it is worth keeping but what people's homes
have already, so it is never mended, only made anew.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from skrt_hub import datasets, policy
from skrt_hub.context import Context
from skrt_hub.errors import StartError
from skrt_hub.progress import Step
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.helm import Helm, as_yaml
from skrt_hub.targets.kubernetes.dask import rules
from skrt_hub.targets.kubernetes.dask.chart import DASK_GATEWAY
from skrt_hub.targets.kubernetes.dask.values import facts, priority_of, render_dask
from skrt_hub.targets.kubernetes.image import ensure as images
from skrt_hub.targets.kubernetes.release.chart import Chart, check_values, ensure_chart
from skrt_hub.targets.kubernetes.release.workers import release_of

_PARTS = ("api", "controller", "traefik")
_LABEL = "gateway.dask.org/instance"
_PAUSE = 1.0


@dataclass(frozen=True)
class Asked:
    """The gateway as hub.yaml asks for it: its chart, the values as text, and what the chart makes of them."""

    chart: Chart
    values: str
    manifests: str

    @property
    def digest(self) -> str:
        """What of it the hub's own digest depends on."""
        return self.chart.version + self.values


def wanted(context: Context, helm: Helm, server: tuple[int, int]) -> Asked | None:
    """What is asked for, accepted by the chart for a Kubernetes of version `server`; None where nothing is.

    No cluster is asked.
    """
    settings = context.settings
    if not policy.cohorts.on_workers(settings):
        return None
    chart = ensure_chart(settings.kubernetes.dask_chart, context.layout.kubernetes / "charts", helm, DASK_GATEWAY)
    values = render_dask(settings, facts(images.wanted(context), datasets.fetched(context)))
    return Asked(chart, as_yaml(values), check_values(helm, release_of(settings), chart, values, server=server))


def manifests(context: Context, server: tuple[int, int]) -> str:
    """What the chart makes for such a Kubernetes; nothing where no workers are asked for."""
    namespace = context.settings.kubernetes.namespace or context.settings.name
    asked = wanted(context, Helm("", namespace, context.layout.kubernetes / "helm", context.echo), server)
    return "" if asked is None else f"\n---\n{asked.manifests}"


def ensure(cluster: Cluster, asked: Asked | None, *, renew: Callable[[], None]) -> None:
    """Have the release as it was asked for, or none. Raises what Helm raises."""
    release = release_of(cluster.settings)
    if asked is None:
        remove(cluster)
        return
    items = {"apiVersion": "v1", "kind": "List", "items": rules.objects(cluster.settings, release)}
    cluster.kubectl.run("apply", "--filename=-", stdin=json.dumps(items))
    deadline = cluster.settings.kubernetes.time_limit
    cluster.helm.apply(release, asked.chart.path, asked.values, deadline=deadline, watch=renew, started=lambda _: None)
    wake(cluster)


def wait_ready(cluster: Cluster, step: Step, *, renew: Callable[[], None]) -> None:
    """Wait until all of its parts run. Raises StartError that names those that do not."""
    end = time.monotonic() + cluster.settings.kubernetes.time_limit
    while missing := _not_ready(cluster):
        step.update(note=f"waiting for Dask: {', '.join(missing)}")
        if time.monotonic() > end:
            raise StartError(
                f"The hub runs, but Dask beside it does not: {', '.join(missing)}.",
                why="Their pods are not ready.",
                remedy=f"Look with: kubectl --namespace {cluster.namespace} describe pods "
                f"--selector app.kubernetes.io/instance={release_of(cluster.settings)}",
            )
        renew()
        time.sleep(_PAUSE)


def is_as_asked(cluster: Cluster) -> bool:
    """Whether it runs where it is asked for."""
    return not policy.cohorts.on_workers(cluster.settings) or not _not_ready(cluster)


def end_clusters(cluster: Cluster) -> None:
    """End all of people's clusters with their workers."""
    words = ("delete", "daskclusters.gateway.dask.org", f"--selector={_LABEL}={release_of(cluster.settings)}")
    cluster.kubectl.run(*words, "--ignore-not-found", check=False, deadline=120)
    words = ("delete", "pods", f"--selector={_LABEL}={release_of(cluster.settings)},gateway.dask.org/cluster")
    cluster.kubectl.run(*words, "--ignore-not-found", check=False, deadline=120)


def sleep(cluster: Cluster) -> None:
    """End people's clusters, and the gateway."""
    if is_there(cluster):
        end_clusters(cluster)
        cluster.kubectl.scale(_deployments(cluster), 0)


def wake(cluster: Cluster) -> None:
    """Have the gateway again after a stop; Helm would keep the zero."""
    if is_there(cluster):
        cluster.kubectl.scale(_deployments(cluster), 1)


def remove(cluster: Cluster) -> None:
    """Remove the release, people's clusters, and what stands beside it. The kinds of objects that it brought stay."""
    if not is_there(cluster):
        return
    release = release_of(cluster.settings)
    end_clusters(cluster)
    cluster.helm.uninstall(release, deadline=180)
    cluster.kubectl.run("delete", rules.KINDS, f"--selector={rules.OWNER}={release}", "--ignore-not-found")
    cluster.kubectl.run("delete", "priorityclass", priority_of(release), "--ignore-not-found", check=False)


def is_there(cluster: Cluster) -> bool:
    """Whether the release is in the namespace, in whatever state."""
    return bool(cluster.helm.history(release_of(cluster.settings)))


def _deployments(cluster: Cluster) -> list[str]:
    return [f"deployment/{part}-{release_of(cluster.settings)}" for part in _PARTS]


def _not_ready(cluster: Cluster) -> list[str]:
    release = release_of(cluster.settings)
    found = cluster.kubectl.items("deployments", quiet=True)
    ready = {item["metadata"]["name"]: (item.get("status") or {}).get("readyReplicas", 0) for item in found}
    return [f"{part}-{release}" for part in _PARTS if not ready.get(f"{part}-{release}")]
