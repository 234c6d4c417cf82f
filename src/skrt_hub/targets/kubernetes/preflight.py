"""What a cluster must have before anything is sent to it: permissions, storage, room. Pure judgements, and one look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skrt_hub import policy
from skrt_hub.errors import ClusterError, PermissionsError, SpaceError
from skrt_hub.policy import profiles
from skrt_hub.report import human_size
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.cluster.classes import class_in_use, classes_of
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.objects import number
from skrt_hub.targets.kubernetes.release.values import render_values

Object = Mapping[str, Any]

PERMISSIONS = (
    ("list", "secrets"),
    ("create", "secrets"),
    ("delete", "secrets"),
    ("list", "pods"),
    ("delete", "pods"),
    ("create", "deployments.apps"),
    ("patch", "deployments.apps/scale"),
    ("create", "configmaps"),
    ("create", "persistentvolumeclaims"),
    ("create", "services"),
    ("create", "serviceaccounts"),
    ("create", "roles.rbac.authorization.k8s.io"),
    ("create", "rolebindings.rbac.authorization.k8s.io"),
    ("create", "networkpolicies.networking.k8s.io"),
    ("create", "pods/exec"),
    ("create", "pods/portforward"),
    ("create", "leases.coordination.k8s.io"),
)
"""What the organiser's account needs in the namespace."""
CLUSTER_PERMISSIONS = (
    ("create", "clusterroles.rbac.authorization.k8s.io"),
    ("create", "clusterrolebindings.rbac.authorization.k8s.io"),
)
"""What it needs in the whole cluster, for the scheduler that packs participants' pods."""
PLACEHOLDER_PERMISSION = ("create", "priorityclasses.scheduling.k8s.io")
"""What placeholders need in the whole cluster: they give way to people by their priority."""
WORKERS_PERMISSIONS = (
    ("create", "customresourcedefinitions.apiextensions.k8s.io"),
    PLACEHOLDER_PERMISSION,
)
"""What Dask beside the hub needs in the whole cluster: its own kinds of objects, and workers that give way."""
WHOLE_CLUSTER = "the whole cluster"
HUB_MEMORY = 600 * 2**20
"""What hub, proxy and scheduler take together."""


@dataclass(frozen=True)
class Room:
    """What nodes have, and what is set aside of it already (bytes, processors)."""

    memory: float
    cpu: float
    memory_used: float
    cpu_used: float

    @property
    def memory_left(self) -> float:
        return max(0.0, self.memory - self.memory_used)

    @property
    def cpu_left(self) -> float:
        return max(0.0, self.cpu - self.cpu_used)


def refused_permissions(cluster: Cluster) -> list[str]:
    """The permissions that the account lacks, in words; the cluster is asked for all of them in one request."""
    asked = [(verb, what, cluster.namespace) for verb, what in PERMISSIONS]
    if _scheduler_wanted(cluster.settings):
        asked += [(verb, what, "") for verb, what in CLUSTER_PERMISSIONS]
    needed = {PLACEHOLDER_PERMISSION} if cluster.settings.kubernetes.placeholders else set()
    if policy.cohorts.on_workers(cluster.settings):
        needed.update(WORKERS_PERMISSIONS)
        asked.append(("create", "resourcequotas", cluster.namespace))
    asked += [(verb, what, "") for verb, what in sorted(needed)]
    reviews = {"apiVersion": "v1", "kind": "List", "items": [review(*question) for question in asked]}
    words = ("create", "--filename=-", "--output=json", "--validate=false")
    answers = documents(cluster.kubectl.run(*words, stdin=json.dumps(reviews), quiet=True).out)
    pairs = zip(asked, answers, strict=True)
    return in_words([question for question, answer in pairs if not answer["status"].get("allowed")])


def in_words(lacking: Sequence[tuple[str, str, str]]) -> list[str]:
    """Missing permissions (verb, what, namespace or nothing) in words, one text for each place."""
    by_place: dict[str, dict[str, list[str]]] = {}
    for verb, what, where in lacking:
        place = f"the namespace {where}" if where else WHOLE_CLUSTER
        by_place.setdefault(place, {}).setdefault(what, []).append(verb)
    return [
        f"in {place}: " + ", ".join(f"{'/'.join(verbs)} {what}" for what, verbs in found.items())
        for place, found in by_place.items()
    ]


def permissions_remedy(lacking: Sequence[str]) -> str:
    """What to do about permissions that are missing, as `in_words` tells them."""
    if all(item.startswith(f"in {WHOLE_CLUSTER}:") for item in lacking):
        without = "kubernetes: {values: {scheduling: {userScheduler: {enabled: false}}}}."
        if any("priorityclasses" in item for item in lacking):
            without = f"kubernetes: {{placeholders: 0}}; for cluster roles, {without}"
        return f"Ask the cluster's administrator for it; or leave out, in hub.yaml, what needs it: {without}"
    return "Ask the cluster's administrator for the role `admin` in this namespace, then run the command again."


def documents(text: str) -> list[dict[str, Any]]:
    """The JSON documents in `text`, one after the other, as `kubectl create` prints several objects."""
    found, rest, decoder = [], text.strip(), json.JSONDecoder()
    while rest:
        document, end = decoder.raw_decode(rest)
        found.append(document)
        rest = rest[end:].lstrip()
    return found


def review(verb: str, what: str, namespace: str) -> dict[str, Any]:
    """The question whether one's own account may do something (authorization.k8s.io/v1)."""
    plain, _, sub = what.partition("/")
    resource, _, group = plain.partition(".")
    attributes = {"verb": verb, "resource": resource, "group": group, "namespace": namespace, "subresource": sub}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }


def require_permissions(cluster: Cluster) -> None:
    """Raises PermissionsError naming every missing permission."""
    lacking = refused_permissions(cluster)
    if lacking:
        raise PermissionsError(
            f"Your account on the cluster of context {cluster.context} may not do what the hub needs.",
            why="Missing " + "\nMissing ".join(lacking),
            remedy=permissions_remedy(lacking),
        )


def _scheduler_wanted(settings: Settings) -> bool:
    over = settings.kubernetes.values.get("scheduling", {}).get("userScheduler", {})
    return bool(over.get("enabled", True))


def storage_class(classes: Sequence[Object], wanted: str) -> str | None:
    """The storage class that volumes will get, or None where there is none."""
    marks = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
    return class_in_use(classes, wanted, marks)


def require_storage(cluster: Cluster) -> str:
    """The storage class that homes get. Raises ClusterError where there is none. May not be asked: nothing is said."""
    classes = classes_of(cluster.kubectl, "storageclass")
    if classes is None:
        return "(may not be asked for)"
    wanted = cluster.settings.kubernetes.storage_class
    found = storage_class(classes, wanted)
    if found is None:
        names = ", ".join(item["metadata"]["name"] for item in classes) or "none"
        raise ClusterError(
            f"The cluster has no storage class {wanted!r}." if wanted else "The cluster has no default storage class.",
            why=f"Homes need volumes. Storage classes there: {names}.",
            remedy="Name one of them in hub.yaml: kubernetes.storage_class."
            if classes
            else "Install a storage provisioner (for minikube: `minikube addons enable default-storageclass`).",
        )
    return found


def room(nodes: Sequence[Object], pods: Sequence[Object]) -> Room:
    """What these nodes have, less what pods have set aside on them."""
    names = {node["metadata"]["name"] for node in nodes}
    allocatable = [node.get("status", {}).get("allocatable", {}) for node in nodes]
    placed = [pod for pod in pods if pod.get("spec", {}).get("nodeName") in names and _counts(pod)]
    asked = [_requests(pod) for pod in placed]
    return Room(
        sum(number(item.get("memory", "0")) for item in allocatable),
        sum(number(item.get("cpu", "0")) for item in allocatable),
        sum(memory for memory, _ in asked),
        sum(cpu for _, cpu in asked),
    )


def processors_of_one_node(nodes: Sequence[Object]) -> float:
    """The processors of the only node; 0 where there are several, or none may be seen."""
    if len(nodes) != 1:
        return 0
    return number(str(nodes[0].get("status", {}).get("allocatable", {}).get("cpu", "0")))


def pressures(nodes: Sequence[Object]) -> list[str]:
    """Nodes that are short of memory or disk, or not ready, in words."""
    told = {"DiskPressure": "its disk is nearly full", "MemoryPressure": "its memory is nearly used up"}
    found = []
    for node in nodes:
        name = node["metadata"]["name"]
        for condition in node.get("status", {}).get("conditions", []):
            if condition.get("type") in told and condition.get("status") == "True":
                found.append(f"node {name}: {told[condition['type']]}")
            if condition.get("type") == "Ready" and condition.get("status") != "True":
                found.append(f"node {name}: not ready ({condition.get('message', '')[:120]})")
    return found


def seats(free: Room, settings: Settings, values: Mapping[str, Any]) -> int:
    """How many participants' guarantees fit beside the hub."""
    single = values["singleuser"]
    by_memory = (free.memory_left - HUB_MEMORY) // single["memory"]["guarantee"]
    by_cpu = free.cpu_left // single["cpu"]["guarantee"]
    return int(max(0, min(by_memory, by_cpu)))


def require_room(cluster: Cluster) -> None:
    """Raises SpaceError where not even one participant fits on the nodes, or every node is short of disk or memory."""
    nodes = cluster.nodes() or []
    short = pressures(nodes)
    if nodes and all(any(word.startswith(f"node {node['metadata']['name']}:") for word in short) for node in nodes):
        raise SpaceError(
            "No node of the cluster can take the hub.",
            why="; ".join(short) + ".",
            remedy="Make room on the nodes (for minikube: `minikube ssh -- docker system prune`), or start them.",
        )
    pods = cluster.kubectl.items("pods", quiet=True) if cluster.record else []
    single = profiles.greatest(cluster.settings).limits
    largest = max((number(node["status"]["allocatable"].get("memory", "0")) for node in nodes), default=0)
    from skrt_hub.targets.kubernetes.rendering import gather  # noqa: PLC0415 - reads files

    guarantee = render_values(cluster.settings, gather(cluster.hub_context))["singleuser"]["memory"]["guarantee"]
    if nodes and not pods and largest < HUB_MEMORY + guarantee:
        raise SpaceError(
            "The nodes of the cluster have too little memory for the hub and one participant.",
            why=f"The largest has {human_size(int(largest))}; hub and participant take "
            f"{human_size(int(HUB_MEMORY + guarantee))} (limits.memory is {human_size(single.memory)}).",
            remedy="Give the cluster more memory, or lower kubernetes.memory_guarantee in hub.yaml.",
        )


def _counts(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Running", "Pending")


def _requests(pod: Object) -> tuple[float, float]:
    asked = [(item.get("resources") or {}).get("requests") or {} for item in pod["spec"].get("containers", [])]
    return (
        sum(number(str(item.get("memory", "0"))) for item in asked),
        sum(number(str(item.get("cpu", "0"))) for item in asked),
    )
