"""A line between the hub's pod and the organiser's machine, which carries connections both ways.

The machine cannot be reached from the cluster, so it opens the line itself (`kubectl exec`). In the pod this program
listens for the browsers that the hub's proxy leads to the class's page, and the machine's page asks JupyterHub's
interface through it.

This file stands alone (standard library only): the pod's Python gets it on standard input, and what follows there is
the line. Each piece on it: its kind, the number of its connection, its length, its bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

OPEN, DATA, END, ALIVE = range(4)
HEAD = struct.Struct(">BII")
CHUNK = 64 * 1024
MOST = 200
"""Connections at a time; further ones are refused."""
SIGN_OF_LIFE = 10.0
PATIENCE = 30.0
"""Seconds without any sign of life after which the other end is taken for gone."""

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Line:
    """One end of the line. `numbers` gives those of the connections that begin here, `connect` answers the others."""

    def __init__(self, reader: asyncio.StreamReader, writer: Any, numbers: Iterator[int], connect: Connect) -> None:
        self._reader, self._writer = reader, writer
        self._numbers, self._connect = numbers, connect
        self._open: dict[int, asyncio.Queue[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard = time.monotonic()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry a connection that begins here, to its end."""
        if len(self._open) >= MOST:
            writer.close()
            return
        number = next(self._numbers)
        self._open[number] = asyncio.Queue()
        self._send(OPEN, number)
        await self._carry(number, reader, writer)

    async def run(self) -> None:
        """Read the line until it ends. Raises ConnectionError where the other end is gone."""
        alive = asyncio.ensure_future(self._stay_alive())
        try:
            while True:
                piece = asyncio.ensure_future(self._next_piece())
                await asyncio.wait((piece, alive), return_when=asyncio.FIRST_COMPLETED)
                if not piece.done():
                    piece.cancel()
                    raise ConnectionError("the other end of the line is gone")
                self._take_piece(*piece.result())
        except asyncio.IncompleteReadError:
            return
        finally:
            for task in (alive, *self._tasks):
                task.cancel()

    async def _next_piece(self) -> tuple[int, int, bytes]:
        kind, number, length = HEAD.unpack(await self._reader.readexactly(HEAD.size))
        return kind, number, await self._reader.readexactly(length)

    def _take_piece(self, kind: int, number: int, data: bytes) -> None:
        self._heard = time.monotonic()
        if kind == OPEN:
            self._open[number] = asyncio.Queue()
            task = asyncio.ensure_future(self._answer(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif kind in (DATA, END) and number in self._open:
            self._open[number].put_nowait(data)  # nothing: its end

    async def _answer(self, number: int) -> None:
        try:
            reader, writer = await self._connect()
        except OSError:
            self._open.pop(number, None)
            self._send(END, number)
            return
        await self._carry(number, reader, writer)

    async def _carry(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def out() -> None:
            while data := await reader.read(CHUNK):
                self._send(DATA, number, data)
                await self._writer.drain()

        async def back() -> None:
            while data := await self._open[number].get():
                writer.write(data)
                await writer.drain()

        both = [asyncio.ensure_future(out()), asyncio.ensure_future(back())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            self._open.pop(number, None)
            self._send(END, number)
            writer.close()

    async def _stay_alive(self) -> None:
        while time.monotonic() - self._heard < PATIENCE:
            self._send(ALIVE, 0)
            await asyncio.sleep(SIGN_OF_LIFE)

    def _send(self, kind: int, number: int, data: bytes = b"") -> None:
        with contextlib.suppress(OSError, RuntimeError):  # the line has ended; whoever reads it is told
            self._writer.write(HEAD.pack(kind, number, len(data)) + data)


async def in_pod(port: int, interface: int = 8081) -> None:
    """In the hub's pod: listen for the proxy until the line ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(0, "rb", 0))
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(1, "wb", 0))
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    line = Line(reader, writer, iter(range(1, 2**32, 2)), lambda: asyncio.open_connection("127.0.0.1", interface))
    server = await asyncio.start_server(line.take, None, port)
    try:
        await line.run()
    finally:
        server.close()


def main(port: int) -> None:
    """The program in the pod."""
    try:
        asyncio.run(in_pod(port))
    except (ConnectionError, OSError) as error:
        sys.exit(str(error))
