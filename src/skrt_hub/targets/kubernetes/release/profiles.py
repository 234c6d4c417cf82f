"""The chart's `profileList`: the sizes of servers (skrt_hub.policy.profiles) as KubeSpawner knows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from skrt_hub import policy
from skrt_hub.policy import profiles
from skrt_hub.policy.profiles import Choice
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.release import environments

ANNOTATION = "skrt-hub/profile"
"""On a participant's pod: the profile's name in forms."""


def rendered(settings: Settings, single: Callable[[Settings], dict[str, Any]]) -> dict[str, Any]:
    """The chart's `singleuser` with `profileList`, where there is a choice; `single` renders it for one size.

    What does not depend on the choice, and seats kept ready, are those of the greatest size.
    """
    base = single(profiles.greatest(settings))
    offered = profiles.offered(settings)
    if not offered:
        (only,) = profiles.choices(settings)[:1]
        chosen = _chosen(settings, only, base)
        return (
            {**base, **chosen, "extraEnv": {**base["extraEnv"], **chosen["environment"]}} if only.environment else base
        )
    listed = [_entry(settings, one, single(profiles.under(settings, one)), first=one is offered[0]) for one in offered]
    return {**base, "profileList": listed}


def name_of(settings: Settings, pod: Mapping[str, Any]) -> str:
    """The profile that a participant's pod was started with; the name in forms where hub.yaml has it no more."""
    slug = str((pod["metadata"].get("annotations") or {}).get(ANNOTATION, ""))
    return next((one.name for one in profiles.choices(settings) if one.slug == slug), slug)


def gpus(settings: Settings) -> bool:
    """Whether any size has graphics cards."""
    return profiles.greatest(settings).limits.gpu > 0


def _chosen(settings: Settings, choice: Choice, own: dict[str, Any]) -> dict[str, Any]:
    """What differs by the environment: its program, and what the server is told. The first one is the image's own."""
    variables = policy.threads.variables(choice.limits.cpu)
    if not settings.environment.others:
        return {"environment": variables}
    warm = policy.fork_servers.used(settings, choice.environment)
    told = environments.variables(settings, choice.environment)
    return {
        "environment": variables | {name: environments.literal(value) for name, value in told.items()},
        "cmd": list(environments.command(choice.environment, warm=warm)),
    }


def _entry(settings: Settings, choice: Choice, own: dict[str, Any], *, first: bool) -> dict[str, Any]:
    """One size. KubeSpawner lays the override over its own traits, dictionaries key by key.

    Each sets the same keys: what a start before chose leaves nothing behind.
    """
    return {
        "slug": choice.slug,
        # KubeSpawner's page takes both as they are, as HTML.
        "display_name": escape(choice.name),
        "description": choice.html,
        **({"default": True} if first else {}),
        "kubespawner_override": {
            "mem_limit": own["memory"]["limit"],
            "mem_guarantee": own["memory"]["guarantee"],
            "cpu_limit": own["cpu"]["limit"],
            "cpu_guarantee": own["cpu"]["guarantee"],
            **_chosen(settings, choice, own),
            "volumes": {name: item for name, item in own["storage"]["extraVolumes"].items() if "emptyDir" in item},
            "extra_annotations": {ANNOTATION: choice.slug},
            **({"extra_resource_limits": own["extraResource"]["limits"]} if gpus(settings) else {}),
        },
    }
