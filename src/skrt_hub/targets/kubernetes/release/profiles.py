"""The chart's `profileList`: the sizes of servers (skrt_hub.policy.profiles) as KubeSpawner knows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from skrt_hub import policy
from skrt_hub.policy import profiles
from skrt_hub.policy.profiles import Choice
from skrt_hub.settings.model import Settings

ANNOTATION = "skrt-hub/profile"
"""On a participant's pod: the profile's name in forms."""


def rendered(settings: Settings, single: Callable[[Settings], dict[str, Any]]) -> dict[str, Any]:
    """The chart's `singleuser` with `profileList`, where there is a choice; `single` renders it for one size.

    What does not depend on the choice, and seats kept ready, are those of the greatest size.
    """
    base = single(profiles.greatest(settings))
    offered = profiles.offered(settings)
    if not offered:
        return base
    listed = [_entry(one, single(profiles.under(settings, one)), first=one is offered[0]) for one in offered]
    return {**base, "profileList": listed}


def name_of(settings: Settings, pod: Mapping[str, Any]) -> str:
    """The profile that a participant's pod was started with; the name in forms where hub.yaml has it no more."""
    slug = str((pod["metadata"].get("annotations") or {}).get(ANNOTATION, ""))
    return next((one.name for one in profiles.choices(settings) if one.slug == slug), slug)


def _entry(choice: Choice, own: dict[str, Any], *, first: bool) -> dict[str, Any]:
    """One size. KubeSpawner lays the override over its own traits, dictionaries key by key.

    Each sets the same keys: what a start before chose leaves nothing behind.
    """
    return {
        "slug": choice.slug,
        # KubeSpawner's page takes both as they are, as HTML.
        "display_name": escape(choice.name),
        "description": escape(choice.words),
        **({"default": True} if first else {}),
        "kubespawner_override": {
            "mem_limit": own["memory"]["limit"],
            "mem_guarantee": own["memory"]["guarantee"],
            "cpu_limit": own["cpu"]["limit"],
            "cpu_guarantee": own["cpu"]["guarantee"],
            "environment": policy.threads.variables(choice.limits.cpu),
            "volumes": {name: item for name, item in own["storage"]["extraVolumes"].items() if "emptyDir" in item},
            "extra_annotations": {ANNOTATION: choice.slug},
        },
    }
