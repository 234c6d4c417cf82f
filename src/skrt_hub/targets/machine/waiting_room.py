"""While the proxy is started, browsers wait: until it has read its routes it would answer each of them with 404.

It takes connections from its first moment on. So the listeners leave them waiting meanwhile (skrt_hub.sockets).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable

from skrt_hub import sockets

_LONGEST = 60.0
_PAUSE = 0.02
_ANSWER = 2.0
_QUESTION = b"GET /api/overview HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"


class WaitingRoom:
    """Of one hub. `listeners` are those of browsers now, `port` is that of the proxy's own interface."""

    def __init__(self, listeners: Callable[[], Iterable[socket.socket]], port: Callable[[], int]) -> None:
        self._listeners = listeners
        self._port = port
        self._task: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Leave everybody waiting who comes from now on; the proxy that runs is about to end."""
        if self._task is not None:
            self._task.cancel()
        for listener in self._listeners():
            with contextlib.suppress(OSError):  # a kernel that does not know how: they are answered 404 for a moment
                sockets.hold_back(listener)

    def close_until_ready(self) -> None:
        """The same until the proxy leads them that is started next; the one before has ended, or it would answer."""
        self.close()
        self._task = asyncio.get_running_loop().create_task(self._open_when_ready())

    async def _open_when_ready(self) -> None:
        port = self._port()
        try:
            async with asyncio.timeout(_LONGEST):
                while not await _has_routes(port):
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            pass  # then its own answer is better than none
        for listener in self._listeners():
            with contextlib.suppress(OSError):
                sockets.let_in(listener)


async def _has_routes(port: int) -> bool:
    """Whether the proxy's interface asks who one is: it is led to by the same file as everything else."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_ANSWER):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(_QUESTION)
                line = await reader.readline()
            finally:
                writer.close()
        return b" 401 " in line
    return False
