"""The door at which participants' servers ask the hub."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tornado.web import Application

from skrt_hub import sockets
from skrt_hub.hub import given

ASK = b"GET /hub/api/ HTTP/1.1\r\nHost: x\r\n\r\n"


async def connected(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(path)


async def is_answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    try:
        writer.write(ASK)
        return bool(await asyncio.wait_for(reader.readline(), 5))
    except ConnectionError:
        return False


def test_one_sandbox_holds_so_many_connections_and_no_more(tmp_path: Path) -> None:
    async def attack() -> None:
        path = tmp_path / "hub.sock"
        listener = sockets.listen_at_path(path)
        listener.setblocking(False)
        given._Door(Application()).add_socket(listener)
        held = [await connected(path) for _ in range(given.MOST_OF_ONE)]
        assert await is_answered(*held[-1])
        assert not await is_answered(*await connected(path))
        for _, writer in held[:10]:
            writer.close()
        await asyncio.sleep(0.1)
        assert await is_answered(*await connected(path))

    asyncio.run(attack())
