"""In the chart's hub: gives each participant's pod the volumes of the shared folders that they have at that moment.

This file stands alone (standard library only): the chart hands it to the hub as it is. Who has which folder is said by
`rule` (skrt_hub.login.sharing), from the accounts, which are in the hub's own volume.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

VARIABLE = "SKRT_SHARED"
PLACE = "/shared"
Rule = Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]]], Mapping[str, str]]


def giving(folders: Sequence[Mapping[str, Any]], accounts: Any, rule: Rule) -> Callable[[Any, Any], Any]:
    """KubeSpawner's `modify_pod_hook`. folders: as in hub.yaml, each with its `claim`."""

    def give(spawner: Any, pod: Any) -> Any:
        entry = accounts.find(spawner.user.name) or {}
        return with_folders(pod, folders, rule(entry, folders))

    return give


def with_folders(pod: Any, folders: Sequence[Mapping[str, Any]], may: Mapping[str, str]) -> Any:
    """The pod with the folders of `may`, each `read` or `write`; the server is told of them in a variable."""
    told = {}
    container = pod.spec.containers[0]
    for folder in folders:
        name = str(folder["name"])
        if name not in may:
            continue
        write = may[name] == "write"
        path, volume = f"{PLACE}/{name}", f"shared-{name}"
        claim = {"claimName": folder["claim"], "readOnly": not write}
        mount = {"name": volume, "mountPath": path, "readOnly": not write}
        pod.spec.volumes = [*(pod.spec.volumes or ()), {"name": volume, "persistentVolumeClaim": claim}]
        container.volume_mounts = [*(container.volume_mounts or ()), mount]
        told[name] = {"path": path, "write": write, "limit": folder["size"]}
    if told:
        variable = {"name": VARIABLE, "value": json.dumps(told, sort_keys=True)}
        container.env = [*(container.env or ()), variable]
    return pod
