"""What a hub in a container has by default, beside what hub.yaml says.

Nobody reaches a container's own loopback, so it listens everywhere, and whoever publishes its port decides who reaches
it. That cannot be seen from inside: it counts as reachable for others, with codes and encryption. Whoever publishes the
port to one machine alone may say so, and gets what a hub on that machine would have.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

VARIABLE = "SKRT_HUB_CONTAINER"
"""Set in the image; `http` says that the port is published to this machine alone."""
PLAIN = "http"
ORGANISER = "organiser"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - the container's network, not the machine's


def inside(document: Mapping[str, Any], said: str) -> dict[str, Any]:
    """The same hub.yaml for the hub within, where it was written for the place outside (`target: container`).

    Who reaches the container is decided outside: within, the hub listens everywhere.
    """
    if not said or document.get("target") != "container":
        return {}
    return {"target": "machine", **({"address": _EVERYWHERE} if _is_number(document.get("address")) else {})}


def _is_number(address: Any) -> bool:
    try:
        ipaddress.ip_address("127.0.0.1" if address == "localhost" else str(address))
    except ValueError:
        return False
    return True


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
