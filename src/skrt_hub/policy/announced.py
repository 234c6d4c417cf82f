"""Whether the hub's name is announced on the local network (multicast DNS, RFC 6762), and which name that is."""

from __future__ import annotations

from skrt_hub.settings.model import Settings


def name(settings: Settings) -> str:
    """`NAME.local`, or nothing where it is not announced; NAME is the hub's."""
    return f"{settings.name}.local" if settings.announce and not why_not(settings) else ""


def names(settings: Settings) -> tuple[str, ...]:
    """The same among other names of the hub."""
    return tuple(filter(None, [name(settings)]))


def why_not(settings: Settings) -> str:
    """Why the name cannot be announced although hub.yaml asks for it; nothing where it can."""
    if not settings.announce:
        return ""
    if settings.target == "kubernetes":
        return "No multicast leaves the network of a cluster's pods; write `kubernetes: {host: NAME}`"
    if settings.on_loopback:
        return "Other machines do not reach this hub; write `address: lan`"
    return ""
