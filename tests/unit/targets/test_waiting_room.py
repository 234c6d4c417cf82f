"""Browsers wait from the old proxy's end until the new one leads them."""

from __future__ import annotations

import asyncio
import socket

from skrt_hub import sockets
from skrt_hub.targets.machine.waiting_room import WaitingRoom


def holds_back(listener: socket.socket) -> bool:
    return listener.getsockopt(socket.IPPROTO_IP, sockets._IP_MINTTL) == 255


async def answer_401(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
    writer.close()


def test_an_old_proxy_that_still_answers_lets_nobody_in() -> None:
    """Who is let in then waits in the socket's queue, and the new proxy answers 404 before it has read its routes."""

    async def run() -> tuple[bool, bool]:
        with sockets.listen("127.0.0.1", 0) as listener:
            old = await asyncio.start_server(answer_401, "127.0.0.1", 0)
            room = WaitingRoom(lambda: [listener], lambda: int(old.sockets[0].getsockname()[1]))
            room.close()
            await asyncio.sleep(0.2)
            while_the_old_ends = holds_back(listener)
            room.close_until_ready()  # this one has read its routes
            await asyncio.sleep(0.2)
            old.close()
            return while_the_old_ends, holds_back(listener)

    assert asyncio.run(run()) == (True, False)
