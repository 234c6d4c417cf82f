"""Which nodes participants' servers may run on, as the chart places them; the pods that hold homes go there, too.

Open nodes, those that are kept for participants among them, of the types of processors that the image is built for, and
with the labels that `singleuser.nodeSelector` in kubernetes.values asks for.
(https://z2jh.jupyter.org/en/stable/administrator/optimization.html)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skrt_hub.settings.kubernetes import Kubernetes

Node = Mapping[str, Any]

ARCHITECTURE = "kubernetes.io/arch"
_CLOSING = ("NoSchedule", "NoExecute")
# The chart lets participants' pods onto nodes with this taint; some clouds write it with an underscore.
_DEDICATED = ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")


def for_servers(nodes: Sequence[Node], kubernetes: Kubernetes) -> list[Node]:
    """The nodes that a server may be placed on."""
    types = kubernetes.image.architectures
    return [node for node in may_be_used(nodes, kubernetes) if not types or architecture(node) in (None, *types)]


def may_be_used(nodes: Sequence[Node], kubernetes: Kubernetes) -> list[Node]:
    """The nodes that a server may be placed on if it ran on every type of processor."""
    wanted = _selector(kubernetes).items()
    return [node for node in nodes if not _closed(node) and wanted <= (node["metadata"].get("labels") or {}).items()]


def architecture(node: Node) -> str | None:
    """A node's type of processor, such as amd64; None where it does not tell."""
    found = node.get("status", {}).get("nodeInfo", {}).get("architecture")
    return str(found) if found else None


def terms(kubernetes: Kubernetes) -> list[dict[str, Any]]:
    """What a node must have (terms of a node affinity) to run the image; none for an image of this machine's type."""
    types = list(kubernetes.image.architectures)
    return [{"matchExpressions": [{"key": ARCHITECTURE, "operator": "In", "values": types}]}] if types else []


def of_a_pod(kubernetes: Kubernetes) -> dict[str, Any]:
    """The part of a pod's specification that places it as the chart places servers."""
    placed: dict[str, Any] = {
        "nodeSelector": _selector(kubernetes),
        "tolerations": [
            {"key": key, "operator": "Equal", "value": "user", "effect": "NoSchedule"} for key in _DEDICATED
        ],
    }
    if required := terms(kubernetes):
        asked = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": required}}
        placed["affinity"] = {"nodeAffinity": asked}
    return placed


def _selector(kubernetes: Kubernetes) -> dict[str, str]:
    found = (kubernetes.values.get("singleuser") or {}).get("nodeSelector")
    return dict(found or {})


def _closed(node: Node) -> bool:
    spec = node.get("spec", {})
    taints = [taint for taint in spec.get("taints") or [] if taint.get("effect") in _CLOSING]
    return bool(spec.get("unschedulable")) or not all(
        taint.get("key") in _DEDICATED and taint.get("value") == "user" for taint in taints
    )
