"""Asking JupyterHub from outside of it: through its Unix socket in the hub's folder, where nobody else can listen."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from skrt_hub import sockets
from skrt_hub.layout import Layout

INTERFACE = "/hub/api"


class DoorError(Exception):
    """JupyterHub could not be asked, or refused; the text says why. `status` is 0 where there was no answer."""

    def __init__(self, words: str, status: int = 0) -> None:
        super().__init__(words)
        self.status = status


class _Connection(http.client.HTTPConnection):
    def __init__(self, layout: Layout, deadline: float) -> None:
        super().__init__("hub", timeout=deadline)
        self._layout = layout
        self._deadline = deadline

    def connect(self) -> None:
        self.sock: socket.socket = sockets.connect_to_path(self._layout.door, deadline=self._deadline)


def ask(layout: Layout, method: str, path: str, *, token: str = "", body: Any = None, deadline: float = 30.0) -> Any:
    """The answer of JupyterHub's interface at `path` (below /hub/api), read from JSON. Raises DoorError."""
    connection = _Connection(layout, deadline)
    headers = {"Authorization": f"token {token}"} if token else {}
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, INTERFACE + path, body=text, headers=headers)
        answer = connection.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise DoorError(str(error) or type(error).__name__) from None
    finally:
        connection.close()
    if answer.status >= 400:
        raise DoorError(f"HTTP {answer.status} {answer.reason}", answer.status)
    try:
        return json.loads(data or b"null")
    except ValueError:
        raise DoorError("The answer was not JSON.", answer.status) from None


def answers(layout: Layout) -> bool:
    """Whether JupyterHub answers now."""
    try:
        ask(layout, "GET", "/", deadline=2.0)
    except DoorError:
        return False
    return True
