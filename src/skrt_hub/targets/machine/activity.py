"""When each participant was last active, as JupyterHub's own interface tells (GET /users)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from skrt_hub.errors import SkrtHubError
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout


def last_activities(layout: Layout, applied: Applied) -> dict[str, str]:
    """The time of last activity (ISO 8601) of every participant; empty while JupyterHub does not answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{applied.ports.hub}/hub/api/users?limit=1000")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        request.add_header("Authorization", f"token {read_secrets(layout.secrets).command}")
        with opener.open(request, timeout=5) as answer:
            users = json.load(answer)
    except (SkrtHubError, urllib.error.URLError, OSError, ValueError):
        return {}
    return {user["name"]: user["last_activity"] for user in users if user.get("last_activity")}
