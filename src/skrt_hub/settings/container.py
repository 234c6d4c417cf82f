"""What a hub in a container has by default, beside what hub.yaml says.

Nobody reaches a container's own loopback, so it listens everywhere, and whoever publishes its port decides who reaches
it. That cannot be seen from inside: it counts as reachable for others, with codes and encryption. Whoever publishes the
port to one machine alone may say so, and gets what a hub on that machine would have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VARIABLE = "SKRT_HUB_CONTAINER"
"""Set in the image; `http` says that the port is published to this machine alone."""
PLAIN = "http"
ORGANISER = "organiser"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - the container's network, not the machine's


def defaults(document: Mapping[str, Any], said: str) -> dict[str, Any]:
    """The keys to be laid under those of hub.yaml; `said` is the variable's value, empty outside of a container."""
    if not said or document.get("target", "machine") != "machine":
        return {}
    found: dict[str, Any] = {"address": _EVERYWHERE}
    if said == PLAIN:
        login = document.get("login", {})
        login = {"kind": login} if isinstance(login, str) else login
        if isinstance(login, Mapping):
            found["login"] = {"kind": "first-use", **login, "beyond_loopback": True}
    else:
        found["tls"] = "class"
        found["login"] = "codes"
    if said != PLAIN and not any(document.get(key) for key in ("participants", "organisers", "admins", "login")):
        found["organisers"] = [ORGANISER]
    completed = {"login"} if said == PLAIN else set()
    return {name: value for name, value in found.items() if name not in document or name in completed}
