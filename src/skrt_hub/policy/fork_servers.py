"""Which environments have a fork server."""

from __future__ import annotations

from skrt_hub.settings.model import Settings


def used(settings: Settings, environment: str) -> bool:
    """Whether servers in this environment come from a fork server; the first environment has no name."""
    if not environment:
        return settings.fork_server
    return settings.fork_server and environment in further(settings)


def further(settings: Settings) -> tuple[str, ...]:
    """The further environments that are asked to have one."""
    return tuple(other.name for other in settings.environment.others if other.fork_server)
