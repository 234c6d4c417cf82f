"""The volume claims of participants' homes."""

from __future__ import annotations

from skrt_hub.targets.kubernetes.cluster.objects import USERNAME, Object, number, participant

CLAIMS = "persistentvolumeclaims"
SHARED_NAME = "skrt-hub/shared-folder"
"""The annotation that names the shared folder whose volume it is."""
SHARED_LABELS = {"app.kubernetes.io/managed-by": "skrt-hub", "component": "skrt-shared"}

DATA_NAME = "skrt-hub/data-set"
"""The annotation that names the set of data whose volume it is."""
DATA_LABELS = {"app.kubernetes.io/managed-by": "skrt-hub", "component": "skrt-data"}


def is_home(claim: Object) -> bool:
    """Whether a volume claim is a participant's home."""
    metadata = claim["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    labelled = "singleuser-storage" in (labels.get("component"), labels.get("app.kubernetes.io/component"))
    return labelled or USERNAME in annotations


def shared_name(claim: Object) -> str:
    """The shared folder whose volume it is; empty for every other claim."""
    return str((claim["metadata"].get("annotations") or {}).get(SHARED_NAME, ""))


def data_name(claim: Object) -> str:
    """The set of data whose volume it is; empty for every other claim."""
    return str((claim["metadata"].get("annotations") or {}).get(DATA_NAME, ""))


def in_words(claim: Object) -> str:
    """Whose volume it is, for people."""
    if data := data_name(claim):
        return f"data set /data/{data}"
    shared = shared_name(claim)
    return f"shared folder /shared/{shared}" if shared else f"home of {participant(claim)}"


def size_of(claim: Object) -> int:
    """The claim's size in bytes: what it has, else what it asked for."""
    has = (claim.get("status", {}).get("capacity") or {}).get("storage")
    asked = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")
    return int(number(has or asked))
