"""The spawner's way to the sockets that the supervisor holds: one for each participant's server, always the same.

A port that is looked for, let go and then believed may be somebody else's by then. The socket that is handed over here
is bound already, and stays bound when the server or JupyterHub ends.
"""

from __future__ import annotations

import json
import os
import socket
import time
from typing import Any

from skrt_hub import sockets
from skrt_hub.errors import StartError
from skrt_hub.layout import Layout

_PATIENCE = 15.0
_DEADLINE = 10.0


def take(layout: Layout, folder: str) -> tuple[socket.socket, int]:
    """The socket for the server of this participant, and its port. Raises StartError."""
    answer, descriptors = _ask(layout, {"do": "server", "folder": folder})
    if not descriptors:
        raise StartError(str(answer.get("error") or "The supervisor gave no socket."), why=str(answer.get("why", "")))
    os.set_inheritable(descriptors[0], False)
    return socket.socket(fileno=descriptors[0]), int(answer["port"])


def ended(layout: Layout, folder: str) -> None:
    """Tell that this server has ended: who connects to it is refused at once instead of left waiting."""
    try:
        _ask(layout, {"do": "server-ended", "folder": folder})
    except StartError:
        return


def _ask(layout: Layout, request: dict[str, str]) -> tuple[dict[str, Any], list[int]]:
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            with sockets.connect_to_path(layout.control_socket, deadline=_DEADLINE) as connection:
                connection.sendall(json.dumps(request).encode() + b"\n")
                data, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
                while not data.endswith(b"\n") and (piece := connection.recv(4096)):
                    data += piece
            return json.loads(data), list(descriptors)
        except (OSError, ValueError) as error:
            # A supervisor that was killed is back in a moment (skrt_hub.watchdog).
            if time.monotonic() > give_up:
                raise StartError("The hub's supervisor does not answer.", why=str(error)) from None
            time.sleep(0.1)
