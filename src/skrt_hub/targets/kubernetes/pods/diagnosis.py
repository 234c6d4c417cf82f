"""What Kubernetes says of pods and volumes, in plain words: pure functions from its objects to troubles.

The reasons and messages are those of the kubelet, the scheduler and the volume controllers (kubernetes.io, "Debug
Pods"; the fields in the API reference for PodStatus, PersistentVolumeClaimStatus and Event).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from skrt_hub.targets.kubernetes.cluster.objects import Object, participant

COMPONENTS = {
    "hub": "hub",
    "proxy": "proxy",
    "user-scheduler": "scheduler of participants' pods",
    "user-placeholder": "placeholders",
    "continuous-image-puller": "image puller",
    "hook-image-puller": "image puller",
    "image-puller": "image puller",
    "hook-image-awaiter": "image puller",
    "autohttps": "certificate service",
    "singleuser-server": "server",
}


@dataclass(frozen=True)
class Trouble:
    """Something that keeps a pod from running.

    `patience` is how many seconds it may last before waiting is pointless; None: it may mend itself at any time.
    """

    who: str
    what: str
    remedy: str
    patience: float | None


def component(pod: Object) -> str:
    """What a pod is for, in our words."""
    labels = pod["metadata"].get("labels", {})
    label = labels.get("app.kubernetes.io/component") or labels.get("component") or ""
    if label == "singleuser-server":
        return f"server of {participant(pod)}"
    return COMPONENTS.get(label, label or pod["metadata"]["name"])


def state(pod: Object) -> str:
    """One word for a pod: ready, starting, waiting (for a node), failing, lost (its node), ending or ended."""
    status = pod.get("status", {})
    if _node_is_silent(status):
        return "lost"
    is_ending = bool(pod["metadata"].get("deletionTimestamp"))
    if is_ending or status.get("phase") in ("Succeeded", "Failed"):
        return "ending" if is_ending else "ended"
    containers = status.get("containerStatuses") or []
    if containers and all(item.get("ready") for item in containers):
        return "ready"
    if _unschedulable(status):
        return "waiting"
    reasons = {_waiting(item).get("reason", "") for item in _all_containers(status)}
    if reasons & {"ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff", "CreateContainerConfigError"}:
        return "failing"
    return "starting"


def troubles(
    pods: Sequence[Object], claims: Sequence[Object], events: Sequence[Object], now: datetime | None = None
) -> list[Trouble]:
    """Everything that keeps these pods from running, the most telling first."""
    found = [*_claim_troubles(claims, events), *_refused_pods(pods, events, now or datetime.now(UTC))]
    for pod in pods:
        if state(pod) not in ("ready", "ending"):
            found += _pod_troubles(pod, events)
    return sorted(dict.fromkeys(found), key=lambda trouble: 10**6 if trouble.patience is None else trouble.patience)


def pulling(pod: Object, events: Sequence[Object]) -> str:
    """The image that the pod's node is fetching at the moment, or nothing."""
    started = {}
    for event in _of(pod, events):
        if event.get("reason") == "Pulling":
            started[_quoted(event.get("message", ""))] = True
        elif event.get("reason") in ("Pulled", "Failed"):
            started.pop(_quoted(event.get("message", "")), None)
    return next(iter(started), "")


_MORE = (
    "End servers that nobody uses, lower kubernetes.memory_guarantee or cpu_guarantee in hub.yaml, or give the cluster "
    "more (for minikube: a new profile with larger kubernetes.minikube sizes)."
)
_SCHEDULING = (
    # words of the scheduler, what they mean, what to do, seconds they may last
    ("persistentvolumeclaim", "waits for its volume", "`kubectl get storageclass` shows what the cluster offers.", 90),
    ("insufficient memory", "does not fit: no node has enough memory left", _MORE, 60),
    ("insufficient cpu", "does not fit: no node has enough processors left", _MORE, 60),
    ("insufficient ephemeral-storage", "does not fit: no node has enough disk left", _MORE, 60),
    ("too many pods", "does not fit: the nodes run as many pods as they may", "End servers, or add a node.", 60),
    ("disk-pressure", "does not fit: the disk of the node is nearly full", "Make room on the node's disk.", 60),
    ("memory-pressure", "does not fit: the memory of the node is nearly used up", _MORE, 60),
    ("not-ready", "waits: no node is ready", "See `kubectl get nodes`; for minikube, `minikube start`.", 120),
    ("unreachable", "waits: no node is ready", "See `kubectl get nodes`; for minikube, `minikube start`.", 120),
)


def scheduling_words(message: str) -> tuple[str, str, float]:
    """What a scheduler's message means, what to do, and how many seconds it may last."""
    lowered = message.lower()
    for told, what, remedy, patience in _SCHEDULING:
        if told in lowered:
            return what, remedy, patience
    if any(word in lowered for word in ("untolerated taint", "node affinity", "node selector")):
        return "may run on none of the nodes", f"The scheduler says: {message}", 120
    return f"is not placed on a node yet: {message}", "See `kubectl get events`.", 180


_LOST = (
    "What is there starts elsewhere when the node is back, or was taken from the cluster. When its machine is off for "
    "good: kubectl delete node {node}"
)


def _pod_troubles(pod: Object, events: Sequence[Object]) -> list[Trouble]:
    who, status = component(pod), pod.get("status", {})
    if _node_is_silent(status):
        node = str(pod.get("spec", {}).get("nodeName", ""))
        return [Trouble(who, f"its node {node} does not answer", _LOST.format(node=node), None)]
    message = _unschedulable(status)
    if message:
        growing = any(event.get("reason") == "TriggeredScaleUp" for event in _of(pod, events))
        what, remedy, patience = scheduling_words(message)
        if growing:
            return [Trouble(who, "waits for a new node of the cluster", "", None)]
        return [Trouble(who, what, remedy, patience)]
    if status.get("reason") == "Evicted":
        why = status.get("message", "")
        return [Trouble(who, f"was ended by its node: {why}", "Give the node more memory or disk.", 120)]
    found = [trouble for item in _all_containers(status) if (trouble := _container_trouble(who, item)) is not None]
    return found or _volume_events(who, pod, events)


def _container_trouble(who: str, status: Object) -> Trouble | None:
    waiting = _waiting(status)
    reason, message = waiting.get("reason", ""), str(waiting.get("message", "")).strip()
    image = status.get("image", "")
    if reason in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"):
        return Trouble(who, f"the image {image} cannot be pulled: {_pull_words(message)}", _pull_remedy(message), 45)
    last = (status.get("lastState") or {}).get("terminated") or (status.get("state") or {}).get("terminated") or {}
    if last.get("reason") == "OOMKilled":
        return Trouble(who, "was ended because it used more memory than it may", "Raise its memory limit.", 60)
    if reason == "CrashLoopBackOff":
        code = last.get("exitCode", "?")
        # Between two starts it waits for longer and longer: what ended three times will not mend itself.
        patience = 2 if status.get("restartCount", 0) >= 2 else 30
        return Trouble(who, f"ends again and again (exit code {code})", "", patience)
    if reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
        return Trouble(who, f"cannot be started: {message}", "", 60)
    return None


def _pull_words(message: str) -> str:
    lowered = message.lower()
    table = (
        (("not found", "manifest unknown", "does not exist"), "there is no such image"),
        (("unauthorized", "denied", "forbidden", "authentication"), "the registry refuses (a login is needed)"),
        (("no such host", "dial tcp", "i/o timeout", "timeout", "connection refused", "temporary failure"),
         "the node cannot reach the registry"),
        (("couldn't parse", "invalid reference"), "this is not an image's name"),
        (("no space left",), "the node's disk is full"),
        (("x509", "certificate"), "the registry's certificate is not trusted by the node"),
    )  # fmt: skip
    for words, meaning in table:
        if any(word in lowered for word in words):
            return meaning
    return message.splitlines()[-1][:300] if message else "no reason given yet"


def _pull_remedy(message: str) -> str:
    if "unauthorized" in message.lower() or "denied" in message.lower():
        return "Check the name; for a private registry make a pull secret and name it: kubernetes.image.pull_secret."
    return "Check the name and the network of the nodes, or bring the image there: skrt-hub image load."


def _volume_events(who: str, pod: Object, events: Sequence[Object]) -> list[Trouble]:
    for event in reversed(_of(pod, events)):
        if event.get("reason") in ("FailedMount", "FailedAttachVolume"):
            text = str(event.get("message", "")).splitlines()[0][:300]
            return [Trouble(who, f"its volume cannot be used: {text}", "See `kubectl describe pvc`.", 120)]
        if event.get("reason") == "FailedCreatePodSandBox":
            text = str(event.get("message", "")).splitlines()[0][:300]
            return [Trouble(who, f"its node cannot make the pod: {text}", "See the node's own log.", 120)]
    return []


FRESH = 40.0
"""Seconds for which a refusal to make a pod counts: the cluster tries again, and events stay for an hour."""


def _refused_pods(pods: Sequence[Object], events: Sequence[Object], now: datetime) -> list[Trouble]:
    """Pods that the cluster would not make: a quota, a rule for safe pods, a class that is missing."""
    owners = {owner.get("uid") for pod in pods for owner in pod["metadata"].get("ownerReferences") or []}
    found = []
    for event in events:
        maker, told = event.get("involvedObject") or {}, str(event.get("lastTimestamp") or event.get("eventTime") or "")
        if event.get("reason") != "FailedCreate" or maker.get("uid") in owners or not told:
            continue
        if (now - datetime.fromisoformat(told)).total_seconds() < FRESH:
            message = re.sub(r"^Error creating: ", "", str(event.get("message", ""))).strip()[:400]
            what = f"its pods are refused by the cluster: {message}"
            found.append(Trouble(str(maker.get("name")), what, "Ask the cluster's administrator.", 20))
    return found


def _claim_troubles(claims: Sequence[Object], events: Sequence[Object]) -> list[Trouble]:
    found = []
    for claim in claims:
        if claim.get("status", {}).get("phase") != "Pending":
            continue
        name = claim["metadata"]["name"]
        messages = [str(event.get("message", "")) for event in _of(claim, events)]
        text = " ".join(messages).lower()
        if "no storage class is set" in text:
            found.append(
                Trouble(
                    f"volume {name}",
                    "the cluster has no default storage class",
                    "Name one in hub.yaml: kubernetes.storage_class (see `kubectl get storageclass`).",
                    5,
                )
            )
        elif "storageclass" in text and "not found" in text:
            found.append(
                Trouble(f"volume {name}", "there is no such storage class", "Correct kubernetes.storage_class.", 5)
            )
        elif any(event.get("reason") == "ProvisioningFailed" for event in _of(claim, events)):
            found.append(Trouble(f"volume {name}", f"cannot be made: {messages[-1][:300]}", "", 90))
    return found


def _node_is_silent(status: Object) -> bool:
    """Whether the cluster has not heard of the pod's node for long: it calls the pod unready over its containers."""
    conditions: list[Object] = status.get("conditions") or []
    unready = any(item.get("type") == "Ready" and item.get("status") == "False" for item in conditions)
    containers = status.get("containerStatuses") or []
    all_ready = bool(containers) and all(item.get("ready") for item in containers)
    return status.get("reason") == "NodeLost" or (unready and all_ready)


def _unschedulable(status: Object) -> str:
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("message", "")) or "no reason given"
    return ""


def _all_containers(status: Object) -> list[Object]:
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _waiting(container: Object) -> Object:
    return (container.get("state") or {}).get("waiting") or {}


def _of(thing: Object, events: Sequence[Object]) -> list[Object]:
    uid = thing["metadata"].get("uid")
    return [event for event in events if (event.get("involvedObject") or {}).get("uid") == uid]


def _quoted(message: str) -> str:
    match = re.search(r'"([^"]+)"', message)
    return match[1] if match else message
