"""Priority classes that must be there before the chart's image puller, which they rank among pods.

The chart makes them with everything else, but its image puller runs before that. With placeholders a first installation
would wait for pods that the cluster refuses to make. Helm takes over what bears its name, so nothing is left when the
release goes.
"""

from __future__ import annotations

import json
from typing import Any

from ruamel.yaml import YAML

from skrt_hub.targets.kubernetes.cluster.connection import Cluster

KIND = "PriorityClass"


def classes_in(manifests: str) -> list[dict[str, Any]]:
    """The priority classes among a chart's manifests."""
    documents = YAML(typ="safe").load_all(manifests)
    return [item for item in documents if isinstance(item, dict) and item.get("kind") == KIND]


def ensure(cluster: Cluster, manifests: str) -> None:
    """Make those that are not there yet."""
    wanted = classes_in(manifests)
    missing = [item for item in wanted if cluster.kubectl.get(KIND, item["metadata"]["name"]) is None]
    if missing:
        items = {"apiVersion": "v1", "kind": "List", "items": missing}
        cluster.kubectl.run("create", "--filename=-", stdin=json.dumps(items))
