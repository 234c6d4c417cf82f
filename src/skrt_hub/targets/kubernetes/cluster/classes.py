"""Classes that a cluster offers, of storage and of ingresses: those there are, and the one that is used."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from skrt_hub.targets.kubernetes.cluster.kubectl import Kubectl


def classes_of(kubectl: Kubectl, kind: str) -> list[dict[str, Any]] | None:
    """All classes of a kind, such as `storageclass`; None where the account may not ask for them."""
    done = kubectl.run("get", kind, "--output=json", check=False, quiet=True)
    if done.code != 0:
        return None
    found: list[dict[str, Any]] = json.loads(done.out)["items"]
    return found


def class_in_use(classes: Sequence[Mapping[str, Any]], wanted: str, marks: Sequence[str]) -> str | None:
    """The class of the name `wanted`; without one, the first that an annotation of `marks` makes the default."""
    for item in classes:
        annotations = item["metadata"].get("annotations") or {}
        default = any(annotations.get(mark) == "true" for mark in marks)
        if item["metadata"]["name"] == wanted if wanted else default:
            return str(item["metadata"]["name"])
    return None
