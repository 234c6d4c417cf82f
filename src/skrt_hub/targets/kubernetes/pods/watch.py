"""Watching the hub's components come up: what is ready, what is not and why, and when waiting is pointless."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from skrt_hub.errors import SkrtHubError, StartError
from skrt_hub.progress import Step
from skrt_hub.targets.kubernetes.cluster.kubectl import Kubectl
from skrt_hub.targets.kubernetes.cluster.objects import Object
from skrt_hub.targets.kubernetes.pods import diagnosis
from skrt_hub.targets.kubernetes.pods.diagnosis import Trouble

ESSENTIAL = ("hub", "proxy")
"""The deployments that must be ready before the log-in page can answer."""
CLOSED = "skrt-hub/closed"
"""The annotation of the proxy's deployment by which everybody sees that participants are kept out."""
CORE = {"hub", "proxy", "user-scheduler", "autohttps", "hook-image-puller", "hook-image-awaiter", "image-puller"}


@dataclass(frozen=True)
class Snapshot:
    """The namespace's objects at one moment."""

    pods: tuple[Object, ...]
    claims: tuple[Object, ...]
    events: tuple[Object, ...]
    deployments: tuple[Object, ...]

    def core_pods(self) -> list[Object]:
        """The pods of the hub itself, not those of participants."""
        return [pod for pod in self.pods if component_label(pod) in CORE]

    def server_pods(self) -> list[Object]:
        """The pods of participants' servers."""
        return [pod for pod in self.pods if component_label(pod) == "singleuser-server"]

    def deployment(self, name: str) -> Object | None:
        return next((item for item in self.deployments if item["metadata"]["name"] == name), None)

    def ready(self, name: str) -> bool:
        """Whether the deployment runs its newest version with all its pods."""
        item = self.deployment(name)
        if item is None:
            return False
        wanted, status = item["spec"].get("replicas", 1), item.get("status", {})
        seen = status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
        counts = (status.get("updatedReplicas", 0), status.get("availableReplicas", 0), status.get("replicas", 0))
        return bool(seen and wanted > 0 and counts == (wanted, wanted, wanted))

    @property
    def closed(self) -> bool:
        """Whether the hub is closed for participants, and open for organisers."""
        proxy = self.deployment("proxy") or {}
        return CLOSED in (proxy.get("metadata", {}).get("annotations") or {})

    def replicas(self, name: str) -> int:
        """How many pods the deployment is to have; 0 where there is none."""
        item = self.deployment(name)
        return int(item["spec"].get("replicas", 1)) if item is not None else 0


def component_label(pod: Object) -> str:
    """The chart's own word for what a pod is."""
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("app.kubernetes.io/component") or labels.get("component") or "")


def look(kubectl: Kubectl) -> Snapshot:
    """The namespace as it is now, in one request to kubectl."""
    kinds = "pods,persistentvolumeclaims,events,deployments.apps"
    items = json.loads(kubectl.run("get", kinds, "--output=json", deadline=30, quiet=True).out)["items"]
    return snapshot_of(items)


def snapshot_of(items: list[dict[str, Any]]) -> Snapshot:
    """A snapshot from a list of objects of mixed kinds."""
    sorted_by_kind: dict[str, list[Object]] = {}
    for item in items:
        sorted_by_kind.setdefault(item["kind"], []).append(item)
    kinds = ("Pod", "PersistentVolumeClaim", "Event", "Deployment")
    return Snapshot(*(tuple(sorted_by_kind.get(kind, ())) for kind in kinds))


@dataclass
class Watcher:
    """Looks again and again, and raises once something is wrong for longer than it may."""

    kubectl: Kubectl
    step: Step
    clock: Callable[[], float] = time.monotonic
    _since: dict[Trouble, float] = field(default_factory=dict)

    def observe(self) -> Snapshot:
        """One look. Raises StartError when a trouble has outlasted its patience."""
        seen = look(self.kubectl)
        self.judge(seen)
        return seen

    def judge(self, seen: Snapshot) -> None:
        """Tell what is being waited for; raise for what will not mend itself."""
        pods = seen.core_pods()
        claims = [claim for claim in seen.claims if claim["metadata"]["name"] == "hub-db-dir"]
        found = diagnosis.troubles(pods, claims, seen.events)
        now = self.clock()
        self._since = {trouble: self._since.get(trouble, now) for trouble in found}
        for trouble, since in self._since.items():
            if trouble.patience is not None and now - since >= trouble.patience:
                raise self._give_up(trouble, pods)
        self.step.update(note=_note(pods, found, seen.events))

    def wait_ready(
        self, names: tuple[str, ...], *, deadline: float, renew: Callable[[], None] = lambda: None
    ) -> Snapshot:
        """Look until these deployments are ready, calling `renew` at each look.

        Raises StartError for a trouble or after `deadline` seconds.
        """
        end = self.clock() + deadline
        while True:
            renew()
            seen = self.observe()
            if all(seen.ready(name) for name in names):
                return seen
            if self.clock() > end:
                raise self._too_late(seen, names, deadline)
            time.sleep(0.4)

    def _give_up(self, trouble: Trouble, pods: list[Object]) -> StartError:
        log = "" if "image" in trouble.what else self._log_of(trouble.who, pods)
        return StartError(
            f"The hub did not start. {trouble.who}: {trouble.what}.",
            why=log,
            remedy=trouble.remedy or "The whole log: skrt-hub logs hub",
        )

    def _too_late(self, seen: Snapshot, names: tuple[str, ...], deadline: float) -> StartError:
        missing = [name for name in names if not seen.ready(name)]
        pods = [pod for pod in seen.core_pods() if component_label(pod) in missing]
        states = ", ".join(f"{diagnosis.component(pod)}: {diagnosis.state(pod)}" for pod in pods) or "no pod was made"
        return StartError(
            f"The hub was not ready after {deadline:.0f} s: {', '.join(missing)}.",
            why="\n".join((states, *_last_events(pods, seen.events), *self._logs_of_failing(pods))),
            remedy="See `skrt-hub logs hub`; a slow network needs a longer kubernetes.time_limit. "
            "The same command goes on where it was.",
        )

    def _logs_of_failing(self, pods: list[Object]) -> list[str]:
        logs = [self._log_of(diagnosis.component(pod), pods) for pod in pods if diagnosis.state(pod) == "failing"]
        return [log for log in logs if log]

    def _log_of(self, who: str, pods: list[Object]) -> str:
        for pod in pods:
            if diagnosis.component(pod) == who:
                name = pod["metadata"]["name"]
                for words_ in (("--previous",), ()):
                    try:
                        done = self.kubectl.run("logs", name, "--tail=15", *words_, check=False, deadline=20)
                    except SkrtHubError:
                        return ""
                    if done.code == 0 and done.out.strip():
                        return f"The end of its log:\n{done.out.strip()}"
        return ""


def _note(pods: list[Object], found: list[Trouble], events: tuple[Object, ...]) -> str:
    if found:
        return f"{found[0].who}: {found[0].what}"[:100]
    for pod in pods:
        image = diagnosis.pulling(pod, events)
        if image and diagnosis.state(pod) == "starting":
            return f"{diagnosis.component(pod)}: pulling {image}"[:100]
    waiting = [diagnosis.component(pod) for pod in pods if diagnosis.state(pod) in ("starting", "waiting")]
    return f"starting: {', '.join(sorted(set(waiting)))}" if waiting else ""


def _last_events(pods: list[Object], events: tuple[Object, ...]) -> list[str]:
    uids = {pod["metadata"].get("uid") for pod in pods}
    told = [event for event in events if (event.get("involvedObject") or {}).get("uid") in uids]
    return [f"{event.get('reason')}: {str(event.get('message', ''))[:200]}" for event in told[-5:]]
