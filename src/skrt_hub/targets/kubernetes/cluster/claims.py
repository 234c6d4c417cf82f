"""The volume claims of participants' homes."""

from __future__ import annotations

from skrt_hub.targets.kubernetes.cluster.objects import USERNAME, Object, number

CLAIMS = "persistentvolumeclaims"


def is_home(claim: Object) -> bool:
    """Whether a volume claim is a participant's home."""
    metadata = claim["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    labelled = "singleuser-storage" in (labels.get("component"), labels.get("app.kubernetes.io/component"))
    return labelled or USERNAME in annotations


def size_of(claim: Object) -> int:
    """The claim's size in bytes: what it has, else what it asked for."""
    has = (claim.get("status", {}).get("capacity") or {}).get("storage")
    asked = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")
    return int(number(has or asked))
