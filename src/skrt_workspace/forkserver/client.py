"""The hub's side of the fork server: send a sandbox document, get the identity of the sandbox's first process.

Only the standard library is used, so that the hub's environment can import it too.
"""

from __future__ import annotations

import json
import socket
from os import PathLike
from typing import Any

from skrt_workspace.sandbox.document import SandboxDocument
from skrt_workspace.sandbox.errors import DocumentError, HostForbidsError, SandboxError, StartError
from skrt_workspace.sandbox.identity import ProcessIdentity

_ERRORS: dict[str, type[SandboxError]] = {
    kind.__name__: kind for kind in (DocumentError, HostForbidsError, StartError, SandboxError)
}


class ForkServerUnavailable(Exception):  # noqa: N818  it is a state of affairs, not a mistake
    """No fork server answers there: a plain start is the way to go."""


def spawn(
    socket_path: str | PathLike[str], document: SandboxDocument, listener: int | None = None, seconds: float = 30.0
) -> ProcessIdentity:
    """Start a participant's sandbox from the fork server; waits at most so long.

    `listener` is the socket on which the server is to listen.

    Raises ForkServerUnavailable when there is none, or it ends before it answers, and a SandboxError when the sandbox
    itself cannot be made: a plain start would then fail for the same reason.
    """
    try:
        answer = _ask(str(socket_path), document.to_json().encode(), listener, seconds)
        told: dict[str, Any] = json.loads(answer)
    except (OSError, ValueError) as error:
        raise ForkServerUnavailable(f"{socket_path}: {error or type(error).__name__}") from None
    if "error" in told:
        raise _ERRORS.get(told.get("kind", ""), SandboxError)(told["error"], told.get("remedy", ""))
    return ProcessIdentity(**told)


def _ask(path: str, request: bytes, listener: int | None, seconds: float) -> bytes:
    parts = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        connection.connect(path)
        sent = 0 if listener is None else socket.send_fds(connection, [request], [listener])
        connection.sendall(request[sent:])
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)
