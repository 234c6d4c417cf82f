"""The volumes of shared folders: many pods mount one at a time (ReadWriteMany), which not every storage class can."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from skrt_hub.errors import ClusterError, SkrtHubError
from skrt_hub.login.sharing import READ, WRITE, folders_of, others_than
from skrt_hub.policy.sharing import is_full, until_restarted
from skrt_hub.report import Finding
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.cluster.claims import CLAIMS, SHARED_LABELS, SHARED_NAME
from skrt_hub.targets.kubernetes.cluster.classes import classes_of
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.cluster.objects import participant
from skrt_hub.targets.kubernetes.in_hub.shared import VARIABLE
from skrt_hub.targets.kubernetes.preflight import storage_class
from skrt_hub.targets.kubernetes.release.sharing import claim_name, size_of
from skrt_hub.targets.kubernetes.release.values import quantity

CANNOT = {
    "ebs.csi.aws.com": "a disk of AWS",
    "kubernetes.io/aws-ebs": "a disk of AWS",
    "pd.csi.storage.gke.io": "a disk of Google Cloud",
    "kubernetes.io/gce-pd": "a disk of Google Cloud",
    "disk.csi.azure.com": "a disk of Azure",
    "kubernetes.io/azure-disk": "a disk of Azure",
    "cinder.csi.openstack.org": "a disk of OpenStack",
    "csi.hetzner.cloud": "a disk of Hetzner",
    "dobs.csi.digitalocean.com": "a disk of DigitalOcean",
    "rancher.io/local-path": "a folder of one node",
}
"""Storage provisioners whose volumes one node mounts at a time, and what such a volume is."""
CAN = (
    "efs.csi.aws.com",
    "filestore.csi.storage.gke.io",
    "file.csi.azure.com",
    "nfs.csi.k8s.io",
    "cephfs.csi.ceph.com",
    "driver.longhorn.io",
    "k8s.io/minikube-hostpath",
    "docker.io/hostpath",
)
"""Those whose volumes many pods mount; such a name may have something before it, as Rook's have."""


def documents(settings: Settings, release: str) -> list[dict[str, Any]]:
    """The claims of all shared folders."""
    wanted = settings.kubernetes.shared_storage_class or settings.kubernetes.storage_class
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": claim_name(folder.name),
                "labels": {**SHARED_LABELS, "release": release},
                "annotations": {SHARED_NAME: folder.name},
            },
            "spec": {
                "accessModes": ["ReadWriteMany"],
                **({"storageClassName": wanted} if wanted else {}),
                "resources": {"requests": {"storage": quantity(size_of(folder))}},
            },
        }
        for folder in settings.shared
    ]


def ensure(cluster: Cluster) -> None:
    """Make the claims that are not there yet. One that is there keeps its size and its class."""
    wanted = documents(cluster.settings, cluster.release)
    if not wanted:
        return
    there = {claim["metadata"]["name"] for claim in cluster.kubectl.items(CLAIMS)}
    for document in wanted:
        if document["metadata"]["name"] not in there:
            cluster.kubectl.run("create", "--filename=-", stdin=json.dumps(document))


def finding(cluster: Cluster) -> tuple[Finding, ...]:
    """For `check`: whether the storage class can; nothing where nobody shares."""
    if not cluster.settings.shared:
        return ()
    return (judged(cluster.settings, classes_of(cluster.kubectl, "storageclass")),)


def judged(
    settings: Settings,
    classes: Sequence[Mapping[str, Any]] | None,
    *,
    what: str = "shared folders",
    key: str = "shared",
) -> Finding:
    """The same, of the classes that there are; None: they may not be asked for."""
    remedy = (
        f"Name a class in hub.yaml whose volumes many nodes mount (NFS, CephFS, EFS, Filestore, Azure Files): "
        f"kubernetes.shared_storage_class. Or remove `{key}`."
    )
    if classes is None:
        return Finding(what, True, "storage classes may not be asked for; they need one with ReadWriteMany volumes")
    wanted = settings.kubernetes.shared_storage_class or settings.kubernetes.storage_class
    name = storage_class(classes, wanted)
    if name is None:
        there = ", ".join(item["metadata"]["name"] for item in classes) or "none"
        said = f"the cluster has no storage class {wanted!r}" if wanted else "the cluster has no default storage class"
        return Finding(what, False, f"{said}; there are: {there}", remedy)
    maker = next(str(item.get("provisioner", "")) for item in classes if item["metadata"]["name"] == name)
    if maker in CANNOT:
        told = f"the storage class {name} makes {CANNOT[maker]}, which many pods cannot mount (ReadWriteMany)"
        return Finding(what, False, told, remedy)
    if maker.endswith(CAN):
        return Finding(what, True, f"in volumes of the storage class {name}, which many pods can mount")
    told = f"whether the storage class {name} ({maker}) has volumes that many pods can mount is not known here"
    return Finding(what, False, told, f"If pods wait for a volume: {remedy}", required=False)


def require(cluster: Cluster) -> None:
    """Raises ClusterError where pods would wait for a volume that never comes."""
    for found in finding(cluster):
        if found.required and not found.ok:
            raise ClusterError(f"Shared folders cannot be had: {found.found}.", remedy=found.remedy)


_ASK = "import os,sys; s=os.statvfs(sys.argv[1]); print(s.f_blocks*s.f_frsize, s.f_bavail*s.f_frsize)"
_FULL = 0.98


def notes(cluster: Cluster, pods: Sequence[Mapping[str, Any]]) -> list[str]:
    """What `status` says: folders that are full, and servers that have others than they would get now."""
    if not cluster.settings.shared and not any(_told(pod) for pod in pods):
        return []
    with contextlib.suppress(SkrtHubError):  # the hub is on its way down or up
        accounts = HubPod(cluster.kubectl).accounts("all") if pods else {}
        return [*full(cluster, pods), *with_others(cluster.settings, pods, accounts)]
    return []


def with_others(
    settings: Settings, pods: Sequence[Mapping[str, Any]], accounts: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """A sentence for each server that was started before its owner's groups changed, or hub.yaml's `shared`."""
    folders = [folder.model_dump() for folder in settings.shared]
    sentences = []
    for pod in pods:
        name = participant(pod)
        at_start = {folder: WRITE if facts.get("write") else READ for folder, facts in _told(pod).items()}
        if words := others_than(folders_of(accounts.get(name, {}), folders), at_start):
            sentences.append(until_restarted(name, words))
    return sentences


def _told(pod: Mapping[str, Any]) -> dict[str, Any]:
    """What the hub told this server of its folders when it started."""
    variables = (one for container in pod["spec"]["containers"] for one in container.get("env") or ())
    text = next((one.get("value", "") for one in variables if one.get("name") == VARIABLE), "")
    return dict(json.loads(text)) if text else {}


def full(cluster: Cluster, pods: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each shared volume that is full, as one of the pods that mount it sees it."""
    sentences = []
    for folder in cluster.settings.shared:
        path = f"/shared/{folder.name}"
        pod = next((pod for pod in pods if _runs_with(pod, path)), None)
        if pod is None:
            continue
        words = ("exec", pod["metadata"]["name"], "--", "python", "-I", "-c", _ASK, path)
        done = cluster.kubectl.run(*words, check=False, quiet=True, deadline=20)
        size, _, free = done.out.strip().partition(" ")
        if done.code == 0 and size.isdigit() and free.isdigit() and int(free) <= (1 - _FULL) * int(size):
            sentences.append(is_full(path))
    return sentences


def _runs_with(pod: Mapping[str, Any], path: str) -> bool:
    mounts = (mount for container in pod["spec"]["containers"] for mount in container.get("volumeMounts") or ())
    return pod["status"].get("phase") == "Running" and any(mount.get("mountPath") == path for mount in mounts)
