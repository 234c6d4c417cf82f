"""Which cluster is meant: the kube contexts of this machine, and what kind of cluster each one leads to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from skrt_hub.errors import ClusterError, PrerequisiteError, StateError
from skrt_hub.process import Echo, run
from skrt_hub.targets.kubernetes.cluster.kinds import kind_of
from skrt_hub.targets.kubernetes.cluster.kubectl import INSTALL_KUBECTL


@dataclass(frozen=True)
class Contexts:
    """The contexts of the kube configuration and the current one."""

    names: tuple[str, ...]
    current: str
    minikubes: tuple[str, ...]

    def kind(self, name: str) -> str:
        """What made the cluster of this context; images are brought into each kind in another way."""
        return kind_of(name, minikube=name in self.minikubes)


def read_contexts(echo: Echo | None = None) -> Contexts:
    """The kube configuration's contexts; asks no cluster. Raises PrerequisiteError where kubectl is missing."""
    words = ("kubectl", "config", "view", "--output=json")
    return contexts_from(json.loads(run(words, deadline=20, echo=echo, remedy=INSTALL_KUBECTL).out))


def contexts_from(document: dict[str, Any]) -> Contexts:
    """Contexts from what `kubectl config view` prints. minikube marks its own with an extension."""
    entries = document.get("contexts") or []
    minikubes = [entry["name"] for entry in entries if _is_minikube(entry.get("context") or {}, entry["name"])]
    return Contexts(tuple(entry["name"] for entry in entries), document.get("current-context") or "", tuple(minikubes))


def _is_minikube(context: dict[str, Any], name: str) -> bool:
    extensions = context.get("extensions") or []
    marked = any((item.get("extension") or {}).get("provider") == "minikube.sigs.k8s.io" for item in extensions)
    return marked or (name == "minikube" and context.get("cluster") == "minikube")


def choose(contexts: Contexts, wanted: str, made_on: str | None) -> str:
    """The context to act on: the one in hub.yaml, else the current one; never another than the hub was made on.

    Raises ClusterError where there is none, StateError where the hub was made on another context.
    """
    chosen = wanted or contexts.current
    if not chosen:
        raise ClusterError(
            "No Kubernetes cluster is set up on this machine.",
            why="The kube configuration has no current context.",
            remedy="Start one (for example `minikube start`), or name a context in hub.yaml: kubernetes.context.",
        )
    if made_on is not None and chosen != made_on:
        how = "hub.yaml names" if wanted else "the current context is"
        raise StateError(
            f"This hub was made on the context {made_on!r}, but {how} {chosen!r}.",
            why="A command on another cluster would not find the hub, or would make a second one.",
            remedy=f"Write `kubernetes: {{context: {made_on}}}` in hub.yaml, or run "
            f"`kubectl config use-context {made_on}`. To make another hub there, give it another name.",
        )
    if chosen not in contexts.names:
        raise PrerequisiteError(
            f"There is no kube context called {chosen!r}.",
            why=f"There are: {', '.join(contexts.names) or 'none'}.",
            remedy="Correct kubernetes.context in hub.yaml, or add the context to the kube configuration.",
        )
    return chosen
