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

from skrt_hub.hub.ahead import LISTENERS_VARIABLE

_ALLOWED = "/hub/api"
_NOWHERE = "/hub/api/not-through-this-door"
_MOST_PARENTS = 32
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
        self._held: Counter[tuple[int, int]] = Counter()
        self._whose: dict[Any, tuple[int, int]] = {}

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


def sandbox_of(connection: socket.socket) -> tuple[int, int]:
    """Which sandbox made this connection: its user, and its first process as the hub sees it, or 0.

    An ordinary user's sandboxes are all one user's, and who has ended by now has left nothing to be known by. Everybody
    may read these facts of every process (proc_pid_status(5)), while `/proc/PID/ns` is closed to the hub there.
    """
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    for _ in range(_MOST_PARENTS):
        try:
            lines = Path(f"/proc/{pid}/status").read_bytes().splitlines()
        except OSError:
            break
        facts = dict(line.split(b":", 1) for line in lines if b":" in line)
        numbers = facts[b"NSpid"].split()
        if len(numbers) > 1 and numbers[-1] == b"1":
            return uid, pid
        pid = int(facts[b"PPid"])
    return uid, 0


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
