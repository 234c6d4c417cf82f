"""The supervisor's control socket, and the commands' side of it: one JSON line asked, one JSON line answered.

The socket lies in the hub's run folder (0700) with mode 0600, so only the hub's own user can ask.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from skrt_hub import sockets
from skrt_hub.errors import SkrtHubError, StartError, StateError

Answer = dict[str, Any]
"""What is answered. `descriptors` in it are sent beside the text (unix(7), SCM_RIGHTS)."""

_LONGEST = 1 << 16


async def serve(path: Path, answer: Callable[[dict[str, Any]], Awaitable[Answer]]) -> None:
    """Answer requests at `path`, each in a task of its own, until cancelled."""
    loop = asyncio.get_running_loop()
    listener = sockets.listen_at_path(path)
    listener.setblocking(False)
    with listener:
        busy = set()
        while True:
            connection, _ = await loop.sock_accept(listener)
            task = loop.create_task(_answer(connection, answer))
            busy.add(task)
            task.add_done_callback(busy.discard)


async def _answer(connection: socket.socket, answer: Callable[[dict[str, Any]], Awaitable[Answer]]) -> None:
    descriptors: list[int] = []
    with connection:
        try:
            told = await answer(json.loads(await asyncio.wait_for(_line(connection), 10)))
            descriptors = told.pop("descriptors", [])
        except SkrtHubError as error:
            told = {"error": error.what, "why": error.why, "remedy": error.remedy, "exit_code": error.exit_code}
        except (ValueError, KeyError, TypeError, TimeoutError) as error:
            told = {"error": f"The request was not understood: {error!r}"}
        with contextlib.suppress(OSError):
            data = json.dumps(told).encode() + b"\n"
            if descriptors:
                data = data[socket.send_fds(connection, [data], descriptors) :]
            await asyncio.get_running_loop().sock_sendall(connection, data)


async def _line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) < _LONGEST:
        piece = await asyncio.get_running_loop().sock_recv(connection, _LONGEST)
        if not piece:
            break
        data += piece
    return data


def ask(path: Path, request: str, *, deadline: float = 30.0, **details: Any) -> dict[str, Any] | None:
    """The supervisor's answer, or None when no supervisor listens. Raises StartError for an answer that is an error."""
    if not path.parent.is_dir():
        return None
    try:
        with sockets.connect_to_path(path, deadline=deadline) as connection:
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
        raise told_error(answer)
    return answer


def told_error(answer: Answer) -> SkrtHubError:
    """The error that the supervisor tells of, of the kind that it is there."""
    kinds = {kind.exit_code: kind for kind in SkrtHubError.__subclasses__()}
    kind = kinds.get(answer.get("exit_code", StartError.exit_code), StartError)
    return kind(str(answer["error"]), why=str(answer.get("why", "")), remedy=str(answer.get("remedy", "")))


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
    except (StartError, StateError):  # it ended while it was asked, is busy with ending, or too old for new settings
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
