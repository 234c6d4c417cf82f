"""What the hub on the cluster is doing: its state in one word, its components, and who has a server."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

from skrt_hub import seats_told
from skrt_hub.context import Context
from skrt_hub.errors import SkrtHubError, StateError
from skrt_hub.hub.room import too_little
from skrt_hub.login.names import order
from skrt_hub.policy import class_page as rules
from skrt_hub.policy import log_in, own_config
from skrt_hub.report import Server, StatusReport
from skrt_hub.seats_told import SeatsTold
from skrt_hub.targets.kubernetes import access, certificate
from skrt_hub.targets.kubernetes.background import class_page, forward, programs
from skrt_hub.targets.kubernetes.cluster.connection import Cluster, namespace_exists, open_cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.cluster.objects import participant
from skrt_hub.targets.kubernetes.homes import shared
from skrt_hub.targets.kubernetes.image import ensure
from skrt_hub.targets.kubernetes.in_hub.admin import STATE
from skrt_hub.targets.kubernetes.pods import diagnosis
from skrt_hub.targets.kubernetes.pods.watch import Snapshot, component_label, look
from skrt_hub.targets.kubernetes.release import profiles
from skrt_hub.targets.kubernetes.release.revisions import read_release
from skrt_hub.version import __version__

Usage = tuple[int | None, float | None]
"""Bytes of memory, and the seconds of processors used so far; None where nobody tells."""
_HELP = {
    "absent": "Set it up with: skrt-hub up",
    "stopped": "Start it with: skrt-hub start",
    "closed": "Enable connections with: skrt-hub open",
    "running": "",
}


def state_of(cluster: Cluster, seen: Snapshot) -> str:
    """running, closed, stopped or absent."""
    if seen.deployment("hub") is None:
        return "absent"
    if seen.replicas("hub") == 0:
        return "stopped"
    by_forward = cluster.settings.kubernetes.access == "port-forward"
    if seen.closed or seen.replicas("proxy") == 0 or (by_forward and not forward.running(cluster.layout)):
        return "closed"
    return "running"


def require(cluster: Cluster, *wanted: str) -> None:
    """Raises StateError where the hub is in another state than one of these."""
    found = state_of(cluster, look(cluster.kubectl))
    if found not in wanted:
        raise StateError(f"The hub is {found} ({cluster.words}).", remedy=_HELP[found])


def status(context: Context) -> StatusReport:
    """The whole state; changes nothing."""
    cluster = open_cluster(context)
    cluster.require_same_cluster()
    settings = context.settings
    if not namespace_exists(cluster):
        return StatusReport(settings.name, "absent", "kubernetes", None, settings.login.kind, __version__)
    seen = look(cluster.kubectl)
    found = state_of(cluster, seen)
    release = read_release(cluster.helm, cluster.release)
    notes = [f"{trouble.who}: {trouble.what}. {trouble.remedy}".strip() for trouble in _troubles(seen)]
    notes += programs.notes(settings, context.layout, hub_runs=found in ("running", "closed"))
    if found != "absent" and (expiring := certificate.warning(cluster)):
        notes.append(expiring)
    if release.unfinished:
        notes.append("An earlier command was interrupted or failed; mend it with: skrt-hub up")
    if release.owner in ("manual", "stranger"):
        notes.append(f"The release {release.name!r} there was not made by skrt-hub.")
    if found != "absent" and cluster.record and cluster.record.image != ensure.wanted(context):
        notes.append("The participants' image has changed since; apply it with: skrt-hub up")
    if seen.ready("hub"):
        with contextlib.suppress(SkrtHubError):  # an older hub does not know the question
            notes += log_in.notes(HubPod(cluster.kubectl).accounts("notes"))
        notes += own_config_notes(cluster, release.values or {})
        notes += full_volume(cluster)
        notes += shared.notes(cluster, seen.server_pods())
    seats = told_of_seats(cluster) if seen.ready("hub") else None
    url = access.find_url(cluster) if found == "running" or seen.closed else None
    if found == "running" and url is None:
        notes.append(f"The cluster has given the hub no address yet. {access.no_address(settings)}")
    return StatusReport(
        name=settings.name,
        state=found,
        target="kubernetes",
        url=url,
        login=settings.login.kind,
        version=__version__,
        servers=servers(cluster, seen),
        components=_components(cluster, seen),
        folder=context.layout.root,
        notes=tuple(notes),
        seats=seats,
    )


def told_of_seats(cluster: Cluster) -> SeatsTold:
    """What the keeper of the seats in the hub's pod says; an older hub has none."""
    document = None
    with contextlib.suppress(SkrtHubError):
        document = HubPod(cluster.kubectl).seats()
    return seats_told.told(cluster.settings.seats, document, time.time(), runs=True)


def own_config_notes(cluster: Cluster, values: Mapping[str, Any]) -> tuple[str, ...]:
    """What the hub that runs with these values says of the organiser's own file for JupyterHub."""
    if not values.get("custom", {}).get("skrtHub", {}).get("ownConfig"):
        return ()
    try:
        return own_config.notes(HubPod(cluster.kubectl).own_config())
    except SkrtHubError:  # the hub is on its way down or up
        return ()


def full_volume(cluster: Cluster) -> list[str]:
    """A sentence where the volume with the hub's database and accounts is full."""
    with contextlib.suppress(SkrtHubError):  # the hub is on its way down or up
        if words := too_little(**HubPod(cluster.kubectl).room(), remedy="Have its claim, hub-db-dir, enlarged"):
            return [f"The volume of the hub is full ({STATE} in its pod): {words}."]
    return []


def servers(cluster: Cluster, seen: Snapshot | None = None) -> tuple[Server, ...]:
    """Each participant's server that has a pod."""
    seen = seen or look(cluster.kubectl)
    pods = seen.server_pods()
    usage = _usage(cluster, seen) if pods else {}
    active = _activity(cluster) if pods and seen.ready("hub") else {}
    rows = []
    for pod in pods:
        name = participant(pod)
        trouble = diagnosis.troubles([pod], seen.claims, seen.events)
        pulled = diagnosis.pulling(pod, seen.events)
        reason = trouble[0].what if trouble else f"pulling {pulled}" if pulled else ""
        word = diagnosis.state(pod)
        word = "running" if word == "ready" else word
        memory, processors = usage.get(pod["metadata"]["name"], (None, None))
        kept_from_work = _word_for(trouble[0].what) if trouble else ""
        since = pod["status"].get("startTime")
        facts = (name, word, memory, active.get(name), reason, since, kept_from_work, processors)
        rows.append(Server(*facts, profile=profiles.name_of(cluster.settings, pod)))
    return tuple(sorted(rows, key=lambda row: order(row.name)))


def _components(cluster: Cluster, seen: Snapshot) -> dict[str, str]:
    told: dict[str, str] = {"cluster": cluster.words}
    for pod in seen.core_pods():
        told[component_label(pod)] = diagnosis.state(pod)
    for name in ("hub", "proxy"):
        if seen.deployment(name) is not None and name not in told:
            told[name] = "stopped" if seen.replicas(name) == 0 else "starting"
    if cluster.settings.kubernetes.access == "port-forward":
        told["port-forward"] = "running" if forward.running(cluster.layout) else "ended"
    if rules.used(cluster.settings):
        told["page"] = "running" if class_page.program(cluster.layout).running else "ended"
    return told


def _troubles(seen: Snapshot) -> list[diagnosis.Trouble]:
    pods = [pod for pod in seen.pods if component_label(pod) != "user-placeholder"]
    return diagnosis.troubles(pods, seen.claims, seen.events)


def _activity(cluster: Cluster) -> dict[str, str]:
    try:
        users = HubPod(cluster.kubectl).users()
    except SkrtHubError:
        return {}
    return {user["name"]: user["last_activity"] for user in users if user.get("last_activity")}


def _word_for(trouble: str) -> str:
    """The class's page's word for what keeps a server from running (skrt_hub.report.Server)."""
    told = (("more memory than it may", "memory"), ("does not fit", "no-seat"))
    return next((word for words, word in told if words in trouble), "failed")


def _usage(cluster: Cluster, seen: Snapshot) -> dict[str, Usage]:
    """What each pod uses, from the kubelets; empty where the account may not ask them."""
    used: dict[str, Usage] = {}
    answering = [pod for pod in seen.server_pods() if diagnosis.state(pod) != "lost"]
    for node in {pod.get("spec", {}).get("nodeName") for pod in answering} - {None}:
        path = f"/api/v1/nodes/{node}/proxy/stats/summary"
        try:
            done = cluster.kubectl.run("get", "--raw", path, check=False, quiet=True, deadline=15)
            used |= usage_from(json.loads(done.out), cluster.namespace) if done.code == 0 else {}
        except (SkrtHubError, ValueError):
            continue
    return used


def usage_from(summary: Mapping[str, Any], namespace: str) -> dict[str, Usage]:
    """Memory and processors by pod's name, from a kubelet's summary (kubernetes.io, "Node metrics data")."""
    used = {}
    for pod in summary.get("pods", []):
        if pod.get("podRef", {}).get("namespace") == namespace:
            # A pod that has just started is told with no figures at all.
            memory = (pod.get("memory") or {}).get("workingSetBytes") or None
            nanoseconds = (pod.get("cpu") or {}).get("usageCoreNanoSeconds")
            processors = nanoseconds / 1e9 if nanoseconds is not None else None
            used[pod["podRef"]["name"]] = (memory, processors)
    return used
