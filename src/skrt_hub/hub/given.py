"""JupyterHub's listeners: it is given its sockets instead of addresses, and answers participants at the door.

The door is the Unix socket that each sandbox shows. Who comes that way is a participant's server, so only the interface
for programs is there, and nothing that such a request says of its sender's address is believed.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections import Counter
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate

LISTENERS_VARIABLE = "SKRT_HUB_LISTENERS"
_ALLOWED = "/hub/api"
_NOWHERE = "/hub/api/not-through-this-door"
MOST_OF_ONE = 64
"""Connections that one sandbox may hold at the door; a server needs a few. All share the hub's open files."""


def entry_point_names() -> list[str]:
    """The proxy's entry points for browsers."""
    names: list[str] = json.loads(os.environ.get(LISTENERS_VARIABLE) or "{}").get("entry_points", ["http"])
    return names


def use() -> None:
    """Make JupyterHub's server listen on what the supervisor holds, in place of an address that others may have."""
    given = json.loads(os.environ.get(LISTENERS_VARIABLE) or "{}").get("sockets", {})
    if not given:
        return
    held = {name: socket.socket(fileno=number) for name, number in given.items()}
    for listener in held.values():
        listener.setblocking(False)
        os.set_inheritable(listener.fileno(), False)

    def listen(server: HTTPServer, port: int, **_: Any) -> None:
        expected = held["hub"].getsockname()[1]
        if port != expected:
            raise ValueError(f"JupyterHub wants port {port} and holds {expected}")
        server.add_socket(held["hub"])
        _Door(server.request_callback).add_socket(held["door"])

    HTTPServer.listen = listen


class _Door(HTTPServer):  # type: ignore[misc]
    """The same application, of which only the interface for programs can be asked, by each a few times at once."""

    def initialize(self, *given: Any, **named: Any) -> None:
        super().initialize(*given, **named)
        self._held: Counter[tuple[int, str]] = Counter()
        self._whose: dict[Any, tuple[int, str]] = {}

    def handle_stream(self, stream: Any, address: Any) -> None:
        """Answer a connection, or close it where its maker holds too many."""
        who = sandbox_of(stream.socket)
        if self._held[who] >= MOST_OF_ONE:
            stream.close()
            return
        self._held[who] += 1
        self._whose[stream] = who
        super().handle_stream(stream, address)

    def on_close(self, server_conn: Any) -> None:
        """A connection has ended."""
        super().on_close(server_conn)
        who = self._whose.pop(server_conn.stream)
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return _Narrow(super().start_request(server_conn, request_conn))


def sandbox_of(connection: socket.socket) -> tuple[int, str]:
    """Which sandbox made this connection: whose it is, and the namespace of its processes where that can be seen.

    An ordinary user's sandboxes are all one user's. Who cannot be seen, as who has ended by now, counts as one.
    """
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    try:
        return uid, str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return uid, ""


class _Narrow(HTTPMessageDelegate):  # type: ignore[misc]
    """Leads every other path to a place where there is nothing, and passes on the rest as it is."""

    def __init__(self, inner: HTTPMessageDelegate) -> None:
        self._inner = inner

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Any:
        path = start_line.path.split("?")[0]
        if path != _ALLOWED and not path.startswith(_ALLOWED + "/"):
            start_line = start_line._replace(path=_NOWHERE)
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Any:
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        self._inner.finish()

    def on_connection_close(self) -> None:
        self._inner.on_connection_close()
