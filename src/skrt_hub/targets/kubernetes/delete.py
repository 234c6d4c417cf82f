"""What `delete` removes on Kubernetes: the release; volumes, namespace and cluster only when asked for by name."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import dataclass
from typing import Any

from skrt_hub.errors import RefusedError
from skrt_hub.report import Message
from skrt_hub.snapshots import guard
from skrt_hub.snapshots.copies import copies_of
from skrt_hub.targets.kubernetes import log_in_secret, stop
from skrt_hub.targets.kubernetes.cluster import minikube
from skrt_hub.targets.kubernetes.cluster.claims import data_name, in_words, is_home, shared_name, size_of
from skrt_hub.targets.kubernetes.cluster.connection import Cluster, namespace_exists
from skrt_hub.targets.kubernetes.cluster.objects import Object
from skrt_hub.targets.kubernetes.dask import release as dask
from skrt_hub.targets.kubernetes.homes.volumes import ClusterHomes
from skrt_hub.targets.kubernetes.release.revisions import read_release
from skrt_hub.targets.kubernetes.release.workers import release_of
from skrt_hub.targets.protocol import DeleteOptions, Removal
from skrt_workspace.home.walk import remove_tree

DATABASE_CLAIM = "hub-db-dir"


@dataclass(frozen=True)
class Plan:
    """What is there, and what of it goes."""

    cluster: Cluster
    options: DeleteOptions
    release: bool
    homes: tuple[Object, ...]
    database: Object | None
    foreign: tuple[str, ...]
    data: tuple[Object, ...] = ()

    @property
    def volumes_go(self) -> bool:
        return self.options.volumes or self.options.homes

    def rows(self) -> tuple[Removal, ...]:
        """The plan, a row for each thing."""
        options, place = self.options, self.cluster.words
        hub = Removal(f"the hub: release {self.cluster.release} ({place})", None, removed=True)
        rows = [hub] if self.release else []
        why = "" if self.volumes_go else "use --volumes to remove it"
        rows += [
            Removal(f"{in_words(claim)}: volume {claim['metadata']['name']}", size_of(claim),
                    self.volumes_go, why)
            for claim in (*self.homes, *self.data)
        ]  # fmt: skip
        if self.database is not None:
            rows.append(
                Removal("names, passwords and database of the hub", size_of(self.database), self.volumes_go, why)
            )
        gone = "" if options.namespace else "use --namespace to remove it"
        rows.append(Removal(f"namespace {self.cluster.namespace}", None, options.namespace, gone))
        if self.cluster.kind == "minikube":
            gone = "" if options.cluster else "use --cluster to remove it"
            rows.append(Removal(f"minikube cluster {self.cluster.context}", None, options.cluster, gone))
        return tuple(rows)


def plan(cluster: Cluster, options: DeleteOptions) -> Plan:
    """What would go. Raises RefusedError for a release that is not ours, StateError where there is no hub."""
    cluster.require_record()
    cluster.require_same_cluster()
    there = namespace_exists(cluster)
    release = read_release(cluster.helm, cluster.release) if there else None
    claims = cluster.kubectl.items("persistentvolumeclaims") if there else []
    found = Plan(
        cluster,
        options,
        release=release is not None and release.exists,
        homes=tuple(claim for claim in claims if is_home(claim) or shared_name(claim)),
        data=tuple(claim for claim in claims if data_name(claim)),
        database=next((claim for claim in claims if claim["metadata"]["name"] == DATABASE_CLAIM), None),
        foreign=foreign_objects(cluster) if there and options.namespace else (),
    )
    if release is not None and release.exists and release.owner != "us":
        raise RefusedError(
            f"The release {release.name!r} was not made by skrt-hub, so it is not deleted by it.",
            remedy="Take it over first (kubernetes.take_over), or remove it with your own tools.",
        )
    return found


def carry_out(cluster: Cluster, found: Plan) -> Message:
    """Remove what the plan says, the hub first. An interrupted removal is completed by the next one."""
    progress, done = cluster.hub_context.progress, []
    if found.release:
        with progress.step("ending servers"):
            stop.end_servers(cluster)
            dask.remove(cluster)
        with progress.step(f"release {cluster.release}"):
            cluster.helm.uninstall(cluster.release, deadline=180)
            log_in_secret.remove(cluster)
        done.append(f"The hub was deleted ({cluster.words}).")
    if found.volumes_go:
        with progress.step("volumes"):
            _remove_volumes(cluster, found)
        done.append(f"The volumes of {len(found.homes)} homes, and the hub's database, were removed.")
    elif found.homes:
        done.append(f"{len(found.homes)} homes are kept in their volumes; `skrt-hub up` brings them back.")
    if found.options.namespace:
        with progress.step(f"namespace {cluster.namespace}"):
            cluster.kubectl.run("delete", "namespace", cluster.namespace, "--ignore-not-found", deadline=300)
        done.append(f"The namespace {cluster.namespace} was removed.")
    if found.options.cluster:
        with progress.step(f"minikube {cluster.context}"):
            minikube.delete(cluster.context, cluster.hub_context.echo)
        done.append(f"The minikube cluster {cluster.context} was removed.")
    if found.volumes_go:
        _forget(cluster)
    return Message(tuple(done) or ("There was nothing left to delete.",))


def foreign_objects(cluster: Cluster) -> tuple[str, ...]:
    """Workloads and volumes in the namespace that are not the hub's."""
    kinds = "deployments,statefulsets,daemonsets,jobs,persistentvolumeclaims,pods"
    items: list[dict[str, Any]] = json.loads(cluster.kubectl.run("get", kinds, "--output=json").out)["items"]
    return tuple(f"{item['kind']} {item['metadata']['name']}" for item in items if not _ours(item, cluster))


def _ours(item: Object, cluster: Cluster) -> bool:
    releases = {cluster.release, release_of(cluster.settings)}  # the hub's, and Dask's beside it
    metadata = item["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    told = {
        labels.get("release"),
        labels.get("app.kubernetes.io/instance"),
        labels.get("gateway.dask.org/instance"),
        annotations.get("meta.helm.sh/release-name"),
    }
    made = any("hub.jupyter.org" in key for key in (*labels, *annotations))
    return bool(releases & told) or made or metadata["name"].startswith("hook-image")


def ensure_no_loss(found: Plan) -> None:
    """Raise RefusedError where something of value would be lost."""
    options = found.options
    if (options.namespace or options.cluster) and (found.homes or found.database) and not found.volumes_go:
        what = "cluster" if options.cluster else "namespace"
        raise RefusedError(
            f"The {what} was not removed: the homes of {len(found.homes)} participants are in it.",
            why=f"Removing the {what} removes its volumes.",
            remedy="Ask for the volumes by name too: --volumes.",
        )
    if found.foreign:
        raise RefusedError(
            f"The namespace {found.cluster.namespace} was not removed: it holds things that are not this hub's.",
            why=", ".join(found.foreign[:8]) + (" and more" if len(found.foreign) > 8 else "") + ".",
            remedy="Leave out --namespace, or remove those things first.",
        )
    if found.volumes_go and found.homes and options.copies:
        _require_saved_copies(found)


def _require_saved_copies(found: Plan) -> None:
    """Homes go only when every one of them has a saved copy, read again, that has its last change."""
    with copies_of(found.cluster.hub_context, lambda: ClusterHomes(found.cluster)) as copies:
        guard.ensure_saved(copies)


def _remove_volumes(cluster: Cluster, found: Plan) -> None:
    database = [found.database] if found.database else []
    names = [claim["metadata"]["name"] for claim in (*found.homes, *found.data, *database)]
    if names:
        cluster.kubectl.run("delete", "persistentvolumeclaims", *names, "--ignore-not-found", deadline=300)


def _forget(cluster: Cluster) -> None:
    """Nothing of the hub is left on the cluster, so this machine's notes of it go too; saved databases stay."""
    layout = cluster.layout
    layout.applied.unlink(missing_ok=True)
    layout.hub_yaml.unlink(missing_ok=True)
    (layout.kubernetes / "values.json").unlink(missing_ok=True)
    for path in (layout.run, layout.results):
        shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        remove_tree(layout.class_page)  # names and depth in there are participants'
