"""How a participant's server is reached and how it reaches the hub, where it is told not to use addresses for that.

It gets its listening socket from the hub, and asks the hub through a Unix socket in its sandbox. On an address of its
machine anybody could be the one who listens. In a pod the pod's own network says who is who, and addresses are used.
"""

from __future__ import annotations

import os
import socket
from typing import Any

LISTENER_VARIABLE = "SKRT_LISTENER"
"""The number of the descriptor of the server's listening socket."""
DOOR_VARIABLE = "SKRT_DOOR"
"""The path of the hub's Unix socket."""
HUB_HOST = "hub.skrt-hub.internal"
"""The name of the hub in addresses that lead to its Unix socket."""


def use() -> bool:
    """Prepare this process, which becomes the Jupyter server, for what its variables tell; whether it has a socket."""
    door = os.environ.get(DOOR_VARIABLE)
    if door:
        _lead_to_door(door)
    number = os.environ.pop(LISTENER_VARIABLE, None)
    if number is not None:
        _listen_on(socket.socket(fileno=int(number)))
    return number is not None


def _lead_to_door(path: str) -> None:
    from tornado.netutil import DefaultLoopResolver, Resolver  # noqa: PLC0415 - in the forked server it is there

    class HubResolver(DefaultLoopResolver):  # type: ignore[misc]
        """Finds the hub at its Unix socket, and everybody else where they are."""

        async def resolve(self, host: str, port: int, family: Any = socket.AF_UNSPEC) -> list[tuple[int, Any]]:
            if host == HUB_HOST:
                return [(socket.AF_UNIX, path)]
            found: list[tuple[int, Any]] = await super().resolve(host, port, family)
            return found

    Resolver.configure(HubResolver)


def _listen_on(listener: socket.socket) -> None:
    """Have Jupyter's server take connections from this socket; it neither looks for a port nor binds one."""
    from jupyter_server.serverapp import ServerApp  # noqa: PLC0415 - in the forked server it is there

    os.set_inheritable(listener.fileno(), False)
    listener.setblocking(False)

    def take(server: Any) -> bool:
        server.http_server.add_socket(listener)
        return True

    for name in ("_bind_http_server_tcp", "_find_http_port"):
        if not hasattr(ServerApp, name):
            raise RuntimeError(f"jupyter_server has no {name} any more: it cannot be given its socket")
    ServerApp._bind_http_server_tcp = take
    ServerApp._find_http_port = lambda server: None
