"""When each participant was last active, as JupyterHub's own interface tells (GET /users)."""

from __future__ import annotations

from skrt_hub.errors import SkrtHubError
from skrt_hub.hub import door
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout


def last_activities(layout: Layout) -> dict[str, str]:
    """The time of last activity (ISO 8601) of every participant; empty while JupyterHub does not answer."""
    try:
        token = read_secrets(layout.secrets).command
        users = door.ask(layout, "GET", "/users?limit=1000", token=token, deadline=5)
    except (SkrtHubError, door.DoorError):
        return {}
    return {user["name"]: user["last_activity"] for user in users if user.get("last_activity")}
