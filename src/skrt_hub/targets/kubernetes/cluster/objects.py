"""What is read from any of Kubernetes' objects: whose it is, and how much a quantity is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]
USERNAME = "hub.jupyter.org/username"
"""The annotation that names the participant whose pod or volume it is."""

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "m": 1e-3}
_UNITS |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def participant(thing: Object) -> str:
    """The participant's name that a pod or volume claim belongs to."""
    annotations = thing["metadata"].get("annotations") or {}
    return str(annotations.get(USERNAME) or thing["metadata"]["name"])


def number(text: str) -> float:
    """A Kubernetes quantity as a number: `500m` is 0.5, `2Gi` is 2147483648."""
    match = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", text.strip())
    if match is None or match[2] not in _UNITS:
        return 0.0
    return float(match[1]) * _UNITS[match[2]]
