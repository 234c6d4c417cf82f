"""A pod that holds a volume and does nothing, so that commands can reach what is in it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from skrt_hub.errors import ClusterError
from skrt_hub.settings.kubernetes import Kubernetes
from skrt_hub.targets.kubernetes.cluster import placement
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.release.values import HOME

_UID, _GROUP = 1000, 100
READY_DEADLINE = 180.0


@contextmanager
def holding_pod(cluster: Cluster, claim: Mapping[str, Any]) -> Iterator[str]:
    """Its name. It ends by itself where this program is killed."""
    kubectl = cluster.kubectl
    image = cluster.require_record().image
    name = f"skrt-home-{claim['metadata']['uid']}"[:60]
    kubectl.run("delete", "pod", name, "--ignore-not-found", "--grace-period=0", "--force", deadline=60)
    document = _pod_document(name, claim, image, cluster.settings.kubernetes)
    kubectl.run("create", "--filename=-", stdin=json.dumps(document))
    try:
        _wait_until_ready(cluster, name)
        yield name
    finally:
        kubectl.run("delete", "pod", name, "--ignore-not-found", "--grace-period=0", "--force", deadline=60)


def _wait_until_ready(cluster: Cluster, name: str) -> None:
    end = time.monotonic() + READY_DEADLINE
    while time.monotonic() < end:
        pod = cluster.kubectl.get("pod", name)
        statuses = (pod or {}).get("status", {}).get("containerStatuses") or []
        if statuses and statuses[0].get("ready"):
            return
        time.sleep(0.3)
    raise ClusterError(
        f"The pod {name}, which holds a volume, did not start.",
        why=f"It had {READY_DEADLINE:.0f} s.",
        remedy=f"See: kubectl --namespace {cluster.namespace} describe pod {name}",
    )


def _pod_document(name: str, claim: Mapping[str, Any], image: str, kubernetes: Kubernetes) -> dict[str, Any]:
    """The pod, as the participant's own would be: the same user, no token, no rights, on the same nodes."""
    secret = kubernetes.image.pull_secret
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "skrt-hub", "component": "skrt-home"}},
        "spec": {
            **placement.of_a_pod(kubernetes),
            "imagePullSecrets": [{"name": secret}] if secret else [],
            "restartPolicy": "Never",
            "activeDeadlineSeconds": 6 * 3600,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {"runAsUser": _UID, "fsGroup": _GROUP, "runAsNonRoot": True},
            "containers": [
                {
                    "name": "home",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sleep", "6h"],
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "512Mi"}},
                    "volumeMounts": [{"name": "home", "mountPath": HOME}],
                }
            ],
            "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}],
        },
    }
