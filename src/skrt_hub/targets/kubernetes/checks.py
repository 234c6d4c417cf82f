"""What Kubernetes needs for a hub: each finding says what was found, and what to do where something is missing."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from typing import Any

from skrt_hub import policy
from skrt_hub.context import Context
from skrt_hub.errors import PortTakenError, SkrtHubError
from skrt_hub.process import run
from skrt_hub.report import Finding
from skrt_hub.settings.model import Settings
from skrt_hub.targets import institution
from skrt_hub.targets.kubernetes import certificate, ingress, preflight, rendering
from skrt_hub.targets.kubernetes.background import forward
from skrt_hub.targets.kubernetes.cluster import minikube, placement, start_minikube
from skrt_hub.targets.kubernetes.cluster.connection import Cluster, namespace_exists, open_cluster
from skrt_hub.targets.kubernetes.cluster.helm import INSTALL_HELM, Helm
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.cluster.kubectl import INSTALL_KUBECTL
from skrt_hub.targets.kubernetes.cluster.objects import number
from skrt_hub.targets.kubernetes.dask.chart import DASK_GATEWAY
from skrt_hub.targets.kubernetes.homes import data_sets, shared
from skrt_hub.targets.kubernetes.image import ensure
from skrt_hub.targets.kubernetes.image.engine import find_engine
from skrt_hub.targets.kubernetes.image.load import load_command, nodes_without
from skrt_hub.targets.kubernetes.pods.watch import CORE, component_label, look
from skrt_hub.targets.kubernetes.release.chart import JUPYTERHUB, OLDEST_KUBERNETES, Kind, find_chart, supported
from skrt_hub.targets.kubernetes.release.revisions import read_release, refuse_others
from skrt_hub.targets.kubernetes.release.values import GPU, render_values
from skrt_hub.targets.port import ensure_port_is_free

OLDEST_HELM, OLDEST_KUBECTL = (3, 14), (1, 28)

_LOGS_OF_PODS = (
    "`logs.keep` is for logs on this computer; those of pods are kept by the nodes (kubelet: containerLogMaxSize), and "
    "end with the pod"
)


def all_findings(context: Context) -> tuple[Finding, ...]:
    """Every finding; those that need the cluster are left out where it does not answer."""
    findings = [
        _guard("kubectl", kubectl, INSTALL_KUBECTL),
        _guard("helm", lambda: helm(context), INSTALL_HELM),
    ]
    findings.append(_guard("chart", lambda: chart(context)))
    if policy.cohorts.on_workers(context.settings):
        findings.append(_guard("chart of Dask", lambda: chart(context, DASK_GATEWAY)))
    if context.settings.kubernetes.access == "port-forward":
        findings += _access()
    if not findings[0].ok:
        return tuple(findings)
    try:
        cluster = open_cluster(context)
    except SkrtHubError as error:
        return (*findings, *_minikube(context, _failed("context", error)))
    answers = _guard("cluster", lambda: reachable(cluster))
    if not answers.ok:
        return (*findings, *_minikube(context, answers))
    findings.append(answers)
    findings += [
        _guard("storage class", lambda: Finding("storage class", True, preflight.require_storage(cluster))),
        _guard("nodes", lambda: nodes(cluster)),
        *_graphics_cards(cluster),
        _guard("permissions", lambda: permissions(cluster)),
        _guard("namespace", lambda: namespace(cluster)),
        _guard("image", lambda: image(cluster)),
    ]
    findings += institution.findings(context.settings)
    findings += institution.own_config_findings(context.settings)
    findings += _shared(cluster)
    findings += homes_from_before(cluster)
    findings += [network_policies(context.settings), names(context.settings)]
    if why := policy.announced.why_not(context.settings):
        findings.append(Finding("announced name", False, f"none. {why}.", required=False))
    if context.settings.logs.keep:
        findings.append(Finding("logs", False, _LOGS_OF_PODS, required=False))
    if needs := policy.class_page.needs_on_kubernetes(context.settings):
        findings.append(Finding("organiser's page", True, needs))
    if context.settings.kubernetes.access == "port-forward":
        findings.append(_guard("port", lambda: port(cluster)))
    if expiring := certificate.warning(cluster):
        findings.append(Finding("certificate", False, expiring, required=False))
    if context.settings.kubernetes.access == "ingress":
        findings.append(_guard("ingress class", lambda: Finding("ingress class", True, ingress.require_class(cluster))))
    return tuple(findings)


def _access() -> tuple[Finding, ...]:
    """That this computer cannot be the way into the cluster, where that is so."""
    try:
        forward.refuse_here()
    except SkrtHubError as error:
        return (_failed("access", error),)
    return ()


def kubectl() -> Finding:
    """kubectl and its version."""
    done = run(("kubectl", "version", "--client", "--output=json"), deadline=20, remedy=INSTALL_KUBECTL)
    version = json.loads(done.out)["clientVersion"]["gitVersion"]
    numbers = tuple(int("".join(filter(str.isdigit, part)) or 0) for part in version.lstrip("v").split(".")[:2])
    newer = f"kubectl {OLDEST_KUBECTL[0]}.{OLDEST_KUBECTL[1]} or newer is needed. {INSTALL_KUBECTL}"
    return Finding("kubectl", numbers >= OLDEST_KUBECTL, version, newer)


def helm(context: Context) -> Finding:
    """Helm and its version."""
    version = Helm("", "", context.layout.kubernetes / "helm").version()
    ok = version >= OLDEST_HELM
    return Finding("helm", ok, f"{version[0]}.{version[1]}", f"It is too old. {INSTALL_HELM}")


def chart(context: Context, kind: Kind = JUPYTERHUB) -> Finding:
    """A chart: a local copy, one fetched before, or to be fetched."""
    what, local = "chart", context.settings.kubernetes.chart
    if kind is DASK_GATEWAY:
        what, local = "chart of Dask", context.settings.kubernetes.dask_chart
    found = find_chart(local, context.layout.kubernetes / "charts", kind)
    if found is None and local is None:
        return Finding(
            what, True, f"version {kind.pinned} will be fetched by `up`; without internet: {kind.use_a_copy}"
        )
    if found is None:
        return Finding(what, False, f"{local} does not exist", kind.use_a_copy)
    supported(found, kind)
    return Finding(what, True, f"version {found.version} at {found.path}")


def reachable(cluster: Cluster) -> Finding:
    """Whether the cluster answers, and whether chart and Kubernetes fit."""
    cluster.require_same_cluster()
    version = cluster.server_version
    oldest = f"{OLDEST_KUBERNETES[0]}.{OLDEST_KUBERNETES[1]}"
    return Finding(
        "cluster",
        version >= OLDEST_KUBERNETES,
        f"{cluster.words}: Kubernetes {version[0]}.{version[1]} ({cluster.kind})",
        f"The chart needs Kubernetes {oldest} or newer: upgrade the cluster.",
    )


def nodes(cluster: Cluster) -> Finding:
    """Room on the nodes, in participants' guarantees."""
    preflight.require_room(cluster)
    found = cluster.nodes()
    if found is None:
        return Finding("nodes", True, "may not be asked for with this account")
    done = cluster.kubectl.run("get", "pods", "--all-namespaces", "--output=json", check=False, quiet=True)
    pods = json.loads(done.out)["items"] if done.code == 0 else []
    # `seats` leaves room for the hub; where it runs already, it is not to be counted twice.
    own = cluster.namespace
    pods = [pod for pod in pods if pod["metadata"]["namespace"] != own or component_label(pod) not in CORE]
    free = preflight.room(placement.for_servers(found, cluster.settings.kubernetes), pods)
    values = render_values(cluster.settings, rendering.gather(cluster.hub_context))
    seats = preflight.seats(free, cluster.settings, values)
    told = f"{len(found)} node{'s' * (len(found) != 1)}; room for {seats} participants' guarantees beside the hub"
    more = "Lower kubernetes.memory_guarantee or cpu_guarantee, or give the cluster more."
    return Finding("nodes", seats > 0, told, more)


def _graphics_cards(cluster: Cluster) -> tuple[Finding, ...]:
    most = policy.profiles.greatest(cluster.settings).limits.gpu
    return (_guard("graphics cards", lambda: graphics_cards(cluster.nodes(), most)),) if most else ()


def graphics_cards(nodes: Sequence[Any] | None, most: int) -> Finding:
    """Whether a node has as many cards as the largest size wants."""
    if nodes is None:
        return Finding("graphics cards", True, "nodes may not be asked for with this account", required=False)
    there = [int(number(str(node["status"].get("allocatable", {}).get(GPU, "0")))) for node in nodes]
    found = f"{sum(there)} on the nodes ({GPU}), at most {max(there, default=0)} on one"
    remedy = (
        f"Servers that ask for {most} would wait for ever. Install the device plugin of the cards "
        "(docs/how-to/gpu.md), add a node that has them, or leave `gpu` out of hub.yaml."
    )
    return Finding("graphics cards", max(there, default=0) >= most, found, remedy, required=False)


def permissions(cluster: Cluster) -> Finding:
    """What the account may do in the namespace."""
    lacking = preflight.refused_permissions(cluster)
    return Finding(
        "permissions",
        not lacking,
        f"missing: {'; '.join(lacking)}" if lacking else "all that the hub needs",
        preflight.permissions_remedy(lacking),
    )


def namespace(cluster: Cluster) -> Finding:
    """Whether the namespace is free for the hub, or has it already."""
    if not namespace_exists(cluster):
        return Finding("namespace", True, f"{cluster.namespace} will be made by `up`")
    release = read_release(cluster.helm, cluster.release)
    settings = cluster.settings
    refuse_others(release, cluster.helm.releases(), hub=settings.name, take_over=settings.kubernetes.take_over)
    told = {"nobody": "free", "us": "has this hub", "manual": "has the old manual's release, to be taken over"}
    words = told.get(release.owner, "has a release to be taken over")
    pending = "; an earlier command was interrupted, and `up` mends it" if release.pending else ""
    return Finding("namespace", True, f"{cluster.namespace} {words}{pending}")


def homes_from_before(cluster: Cluster) -> tuple[Finding, ...]:
    """Who gets which name and home where the log-in changed, if the hub runs and can be asked."""
    try:
        if not look(cluster.kubectl).ready("hub"):
            return ()
        accounts = HubPod(cluster.kubectl).accounts("all")
    except SkrtHubError as error:
        return (_failed("homes from before", error),)
    return institution.people(cluster.settings, accounts)


def _shared(cluster: Cluster) -> tuple[Finding, ...]:
    try:
        return (*shared.finding(cluster), *data_sets.finding(cluster))
    except SkrtHubError as error:
        return (_failed("shared folders", error),)


def image(cluster: Cluster) -> Finding:
    """Whether the nodes have the image, or how they get it."""
    settings = cluster.settings.kubernetes.image
    if settings.name:
        return Finding("image", True, f"{settings.name}, pulled by the nodes")
    name = ensure.wanted(cluster.hub_context)
    seen = ensure.server_nodes(cluster)
    if seen is not None and not nodes_without(name, seen):
        return Finding("image", True, f"{name} is on every node that servers may run on")
    engine = ensure.engine_for(cluster)
    how = "push it" if settings.push else "bring it to the nodes"
    if not settings.push:
        load_command(cluster.kind, cluster.context, name, engine=engine.name, own=settings.load)
    missing = ensure.missing_parts(engine, ensure.content_of(cluster.hub_context))
    built = f"will be built with {engine.name} {engine.version}" if missing else "is on this machine"
    return Finding("image", True, f"{name} {built}; `up` will {how}")


def network_policies(settings: Settings) -> Finding:
    """What keeps pods apart; no cluster tells whether it enforces them, so it has to be tried."""
    told = "made with the hub; whether this cluster enforces them, this tries: skrt-hub audit --no-limits"
    if not settings.limits.internet:
        told = f"limits.internet: false holds only where the cluster enforces them; {told}"
    return Finding("network policies", True, told)


def names(settings: Settings) -> Finding:
    """Which names the hub answers to."""
    if policy.hosts.known_from_elsewhere(settings):
        return Finding("names", True, "the hub answers to " + ", ".join(policy.hosts.answered(settings)))
    told = "the hub answers to any name, so a site elsewhere can have its name lead to it (DNS rebinding)"
    return Finding("names", False, told, "Write the hub's address in hub.yaml: public_url", required=False)


def port(cluster: Cluster) -> Finding:
    """Whether the address and port are free, or ours already."""
    settings = cluster.settings
    if forward.running(cluster.layout):
        return Finding("port", True, f"{settings.url} (this hub's own port-forward)")
    try:
        ensure_port_is_free(settings)
    except PortTakenError as error:
        return _failed("port", error)
    return Finding("port", True, f"{settings.url} is free")


def _minikube(context: Context, failed: Finding) -> tuple[Finding, ...]:
    """In place of what failed, that `up` makes or starts the cluster with minikube, where it does."""
    if not minikube.installed():
        return (failed, Finding("minikube", False, "not installed", minikube.INSTALL_MINIKUBE, required=False))
    try:
        profile = start_minikube.to_start(context)
    except SkrtHubError as error:
        return (failed, _failed("minikube", error))
    if profile is None:
        return (failed,)
    does = "make" if profile.state == "absent" else "start"
    told = f"{minikube.version()} on {platform.machine()}; `up` will {does} the cluster {profile.name!r}"
    builder = _guard("image", lambda: Finding("image", True, f"will be built with {find_engine().name}"))
    return (Finding("minikube", True, told), *(() if context.settings.kubernetes.image.name else (builder,)))


def _guard(name: str, look: Callable[[], Finding], remedy: str = "") -> Finding:
    try:
        return look()
    except SkrtHubError as error:
        return _failed(name, error, remedy)


def _failed(name: str, error: SkrtHubError, remedy: str = "") -> Finding:
    why = f" {error.why}" if error.why else ""
    return Finding(name, False, f"{error.what}{why}", remedy or error.remedy)
