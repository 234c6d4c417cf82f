"""Ending things in an orderly way: connections, servers, the hub, and a minikube that `up` started."""

from __future__ import annotations

import signal
import time

from skrt_hub.context import Context
from skrt_hub.errors import SkrtHubError
from skrt_hub.policy import class_page
from skrt_hub.report import Message, UpReport
from skrt_hub.targets.kubernetes.background import forward, programs
from skrt_hub.targets.kubernetes.cluster import minikube
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.cluster.objects import participant
from skrt_hub.targets.kubernetes.dask import release as dask
from skrt_hub.targets.kubernetes.pods.watch import CLOSED, look

WORKLOADS = ("deployment/proxy", "deployment/hub", "deployment/user-scheduler", "statefulset/user-placeholder")


def close(cluster: Cluster) -> str:
    """Keep participants out, and organisers where there are none; what is said of it."""
    if not class_page.used(cluster.settings):
        cut_connections(cluster)
        return "Connections are disabled"
    cluster.kubectl.run("annotate", "--overwrite", "deployment/proxy", f"{CLOSED}=yes")
    hub = HubPod(cluster.kubectl)
    hub.accounts("set_closed", True)
    hub.sync_proxy()
    return "Participants are kept out; organisers still log in"


def let_in(cluster: Cluster) -> None:
    """Let participants in again; the proxy is there."""
    hub = HubPod(cluster.kubectl)
    if class_page.used(cluster.settings):
        hub.accounts("set_closed", False)
    cluster.kubectl.run("annotate", "deployment/proxy", f"{CLOSED}-")
    hub.sync_proxy()


def cut_connections(cluster: Cluster) -> None:
    """End the port-forward and the proxy: whatever way a browser came in, it is cut; servers and the hub stay."""
    forward.program(cluster.layout).stop()
    cluster.kubectl.scale(("deployment/proxy",), 0)
    _wait_gone(cluster, "component=proxy", 60)


def stop(cluster: Cluster) -> Message:
    """End servers cleanly, then the hub; then minikube where `up` started it. Everything that is kept stays."""
    progress = cluster.hub_context.progress
    ended = 0
    with progress.step("ending servers"):
        ended = end_servers(cluster)
    with progress.step("ending the hub"):
        programs.stop(cluster.layout)
        dask.sleep(cluster)
        cluster.kubectl.scale(WORKLOADS, 0)
        _wait_gone(cluster, "component in (hub,proxy,user-scheduler)", 90)
    lines = [f"The hub was stopped ({cluster.words}), with {ended} server{'s' * (ended != 1)}."]
    if cluster.kind == "minikube" and cluster.record is not None and cluster.record.minikube_started:
        with progress.step(f"minikube {cluster.context}"):
            minikube.stop(cluster.context, cluster.hub_context.echo)
        lines.append(f"The minikube cluster {cluster.context!r}, which `up` had started, was stopped too.")
    return Message((*lines, "Every file is kept; bring it back with: skrt-hub start"))


def end_servers(cluster: Cluster) -> int:
    """End every participant's server: through the hub where it runs, else the pods, with their time to save."""
    seen = look(cluster.kubectl)
    names = sorted({participant(pod) for pod in seen.server_pods()})
    if not names:
        return 0
    if seen.ready("hub"):
        try:
            HubPod(cluster.kubectl).stop_servers(names, deadline=90)
        except SkrtHubError:
            pass  # the pods themselves are ended below
    cluster.kubectl.run("delete", "pods", "--selector=component=singleuser-server", "--ignore-not-found", deadline=120)
    return len(names)


def stay(context: Context, report: UpReport) -> None:
    """For a service manager: remain until a signal comes, then end the connection; the cluster's part goes on."""
    context.progress.say(f"The hub is up: {report.url} (end with Ctrl-C or SIGTERM)")
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        programs.stop(context.layout)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _wait_gone(cluster: Cluster, selector: str, deadline: float) -> None:
    words = ("wait", "--for=delete", "pods", f"--selector={selector}", f"--timeout={int(deadline)}s")
    cluster.kubectl.run(*words, check=False, deadline=deadline + 15)
