"""One hub on one cluster: its context, namespace and release, and the doors to them, for all rooms of this target."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from skrt_hub.context import Context
from skrt_hub.errors import ClusterError, PermissionsError, SettingsError, StateError
from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.cluster import contexts
from skrt_hub.targets.kubernetes.cluster.contexts import Contexts
from skrt_hub.targets.kubernetes.cluster.helm import Helm
from skrt_hub.targets.kubernetes.cluster.kubectl import Kubectl
from skrt_hub.version import __version__


@dataclass(frozen=True)
class Record:
    """What `up` wrote down of the hub: where it is, so that no command acts on another cluster."""

    context: str
    cluster: str
    namespace: str
    release: str
    image: str = ""
    namespace_made: bool = False
    minikube_started: bool = False
    version: str = __version__

    def write(self, layout: Layout, settings: Settings) -> None:
        """Keep it in hub.json, with the settings it was made with."""
        for folder in (layout.root, layout.kubernetes):
            ensure_folder(folder, mode=0o700)
        document = {"target": "kubernetes", "name": settings.name, "kubernetes": vars(self)}
        document["settings"] = settings.model_dump(mode="json")
        write_json(layout.applied, document, mode=0o600)


def read_record(layout: Layout) -> Record | None:
    """The record of this state folder's hub, or None where it has none. Raises StateError for a machine's hub."""
    document = read_json(layout.applied)
    if not isinstance(document, dict):
        return None
    if document.get("target") != "kubernetes":
        raise StateError(
            f"The state folder {layout.root} belongs to a hub on this machine.",
            why="hub.yaml (or --target) now says kubernetes.",
            remedy="Give the hub on Kubernetes another name, or use --state for another folder.",
        )
    known = document.get("kubernetes") or {}
    return Record(**{key: value for key, value in known.items() if key in Record.__dataclass_fields__})


@dataclass(frozen=True)
class Cluster:
    """The hub's place on a cluster."""

    hub_context: Context
    contexts: Contexts
    context: str
    record: Record | None

    @property
    def settings(self) -> Settings:
        return self.hub_context.settings

    @property
    def layout(self) -> Layout:
        return self.hub_context.layout

    @property
    def kind(self) -> str:
        return self.contexts.kind(self.context)

    @property
    def namespace(self) -> str:
        return self.settings.kubernetes.namespace or self.settings.name

    @property
    def release(self) -> str:
        return self.settings.kubernetes.release or self.settings.name

    @property
    def words(self) -> str:
        """The place in words, for every message that says what is acted on."""
        return f"context {self.context}, namespace {self.namespace}"

    @cached_property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.context, self.namespace, self.hub_context.echo)

    @cached_property
    def helm(self) -> Helm:
        return Helm(self.context, self.namespace, self.layout.kubernetes / "helm", self.hub_context.echo)

    @property
    def charts(self) -> Path:
        return self.layout.kubernetes / "charts"

    @cached_property
    def server_version(self) -> tuple[int, int]:
        """The Kubernetes version of the cluster. Raises ClusterError where it does not answer."""
        document: Any = json.loads(self.kubectl.run("version", "--output=json", deadline=30).out)
        server = document.get("serverVersion") or {}
        digits = "".join(letter for letter in str(server.get("minor", "0")) if letter.isdigit())
        return int(server.get("major", 1)), int(digits or 0)

    @cached_property
    def identity(self) -> str:
        """The cluster's own identifier (the uid of kube-system), or nothing where it may not be read."""
        done = self.kubectl.run("get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}", check=False)
        return done.out.strip() if done.code == 0 else ""

    def nodes(self) -> list[dict[str, Any]] | None:
        """The cluster's nodes, or None where the account may not ask for them (one namespace's administrator)."""
        try:
            return self.kubectl.items("nodes")
        except PermissionsError:
            return None

    def require_same_cluster(self) -> None:
        """Stop where the context now leads to another cluster than the hub was made on. Raises StateError."""
        if self.record is None or not self.record.cluster or not self.identity:
            return
        if self.record.cluster != self.identity:
            raise StateError(
                f"The context {self.context!r} now leads to another cluster than the one this hub was made on.",
                why="The cluster was deleted and made again, or the context was changed.",
                remedy=f"If the old cluster is gone, remove the folder {self.layout.root} and run `skrt-hub up`.",
            )

    def require_record(self) -> Record:
        """The hub's record. Raises StateError where no hub was made from this state folder."""
        if self.record is None:
            raise StateError(
                f"The hub “{self.settings.name}” is not on Kubernetes yet.",
                why=f"{self.layout.applied} says nothing of one.",
                remedy="Run: skrt-hub up",
            )
        return self.record


def require_kubernetes(target: Context) -> Record | None:
    """What `up` wrote down of the hub, if it is there. Raises SettingsError or StateError for a hub on this machine.

    To be called before anything is done: what belongs to a cluster has no place in that hub's state folder.
    """
    if target.settings.target != "kubernetes":
        raise SettingsError(
            "This command is for a hub on Kubernetes.",
            why=f"The target is {target.settings.target}, which is also meant where hub.yaml does not name one.",
            remedy="Add --target kubernetes to the command, or write `target: kubernetes` in hub.yaml.",
        )
    return read_record(target.layout)


def open_cluster(target: Context) -> Cluster:
    """The hub's cluster, found from hub.yaml, the kube configuration and what `up` wrote down.

    Raises ClusterError, PrerequisiteError or StateError; asks the cluster nothing yet.
    """
    record = require_kubernetes(target)
    known = contexts.read_contexts(target.echo)
    chosen = contexts.choose(known, target.settings.kubernetes.context, record.context if record else None)
    cluster = Cluster(target, known, chosen, record)
    _refuse_a_move(cluster)
    return cluster


def _refuse_a_move(cluster: Cluster) -> None:
    record = cluster.record
    if record is None or (record.namespace, record.release) == (cluster.namespace, cluster.release):
        return
    raise StateError(
        f"This hub was made as release {record.release!r} in the namespace {record.namespace!r}; "
        f"hub.yaml now says release {cluster.release!r} in {cluster.namespace!r}.",
        why="Its homes would stay behind.",
        remedy="Put the old names back into hub.yaml; to move a class, see docs/how-to on moving.",
    )


def namespace_exists(cluster: Cluster) -> bool:
    """Whether the namespace is there. Where it may not be asked for, it is taken to be there."""
    done = cluster.kubectl.run("get", "namespace", cluster.namespace, "--output=name", check=False)
    if done.code == 0:
        return True
    if "not found" in done.err.lower():
        return False
    if "forbidden" in done.err.lower():
        return True
    raise ClusterError(f"The namespace {cluster.namespace} cannot be asked for.", why=done.err.strip())
