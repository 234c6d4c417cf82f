"""The supervisor's control socket, and the commands' side of it: one JSON line asked, one JSON line answered.

The socket lies in the hub's run folder (0700) with mode 0600, so only the hub's own user can ask.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skrt_hub.errors import StartError


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A name for `path` that fits a socket address (108 characters, unix(7)), however deep the state folder lies."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen(path: Path) -> socket.socket:
    """The listening socket at `path`, in place of one that a dead supervisor left."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    old = os.umask(0o177)
    try:
        with short_path(path) as name:
            listener.bind(name)
    finally:
        os.umask(old)
    listener.listen(16)
    listener.setblocking(False)
    return listener


def ask(path: Path, request: str, *, deadline: float = 30.0, **details: Any) -> dict[str, Any] | None:
    """The supervisor's answer, or None when no supervisor listens. Raises StartError for an answer that is an error."""
    if not path.parent.is_dir():
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
        connection.settimeout(deadline)
        try:
            with short_path(path) as name:
                connection.connect(name)
            connection.sendall(json.dumps({"do": request, **details}).encode() + b"\n")
            answer = _read_line(connection)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except (TimeoutError, ConnectionResetError) as error:
            raise StartError(
                "The hub's supervisor does not answer.", why=str(error), remedy="See: skrt-hub logs supervisor"
            ) from None
    if answer is None:
        return None
    if "error" in answer:
        raise StartError(str(answer["error"]), why=str(answer.get("why", "")), remedy=str(answer.get("remedy", "")))
    return answer


def wait_gone(path: Path, *, deadline: float = 60.0) -> None:
    """Wait until no supervisor answers. Raises StartError when one still does after `deadline` seconds."""
    end = time.monotonic() + deadline
    while _answers(path):
        if time.monotonic() > end:
            raise StartError("The hub's supervisor does not end.", remedy="See: skrt-hub logs supervisor")
        time.sleep(0.05)


def _answers(path: Path) -> bool:
    try:
        return ask(path, "status") is not None
    except StartError:  # it ended while it was asked, or is too busy with ending
        return True


def _read_line(connection: socket.socket) -> dict[str, Any] | None:
    data = b""
    while not data.endswith(b"\n"):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    if not data:
        return None
    answer: dict[str, Any] = json.loads(data)
    return answer
