"""The line between the hub's pod and the organiser's machine, and the proxy of a closed hub."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_hub.targets.kubernetes.in_hub import relay
from skrt_hub.targets.kubernetes.in_hub.closing import closing_proxy
from tests.support.aside import run_aside

LARGE = b"x" * 300_000


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data.upper())
        await writer.drain()
    writer.close()


async def both_ends(answering: int) -> tuple[relay.Line, relay.Line]:
    """Two ends joined by a socket; what begins at the first is answered at this port at the second."""
    ends: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def take(*end: Any) -> None:
        ends.append(end)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    ends.append(await asyncio.open_connection(*server.sockets[0].getsockname()))
    while len(ends) < 2:
        await asyncio.sleep(0.01)
    lines = [
        relay.Line(*end, iter(range(first, 1000, 2)), lambda: asyncio.open_connection("127.0.0.1", answering))
        for first, end in enumerate(ends, 1)
    ]
    return lines[0], lines[1]


async def through_the_line(answering: int, data: bytes) -> bytes:
    near, far = await both_ends(answering)
    running = [asyncio.ensure_future(line.run()) for line in (near, far)]
    door = await asyncio.start_server(near.take, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*door.sockets[0].getsockname())
    found = b""
    try:
        writer.write(data)
        while len(found) < len(data) and (piece := await asyncio.wait_for(reader.read(100_000), 10)):
            found += piece
    finally:
        writer.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return found


def test_a_connection_is_carried_whole() -> None:
    async def act() -> bytes:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        return await through_the_line(server.sockets[0].getsockname()[1], LARGE)

    assert run_aside(act()) == LARGE.upper()


def test_a_connection_that_nobody_takes_is_ended() -> None:
    async def act() -> bytes:
        closed = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = closed.sockets[0].getsockname()[1]
        closed.close()
        await closed.wait_closed()
        return await through_the_line(port, b"x")

    assert run_aside(act()) == b""


def test_an_end_that_says_nothing_is_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "PATIENCE", 0.2)
    monkeypatch.setattr(relay, "SIGN_OF_LIFE", 0.1)

    async def act() -> None:
        near, _silent = await both_ends(1)
        await asyncio.wait_for(near.run(), 5)

    with pytest.raises(ConnectionError):
        run_aside(act())


class Proxy:
    """As far as JupyterHub's own goes here."""

    def __init__(self) -> None:
        self.routes: set[str] = set()

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        self.routes.add(routespec)

    async def check_routes(self, user_dict: dict[int, Any], service_dict: dict[str, Any]) -> None:
        self.routes = {user.name for user in user_dict.values()}


def test_a_closed_hub_leads_to_organisers_servers_alone() -> None:
    accounts = SimpleNamespace(closed=True, find=lambda name: {"role": "organiser"} if name == "maria" else None)
    proxy = closing_proxy(Proxy, accounts, lambda entry: entry.get("role") == "organiser")()
    users = {number: SimpleNamespace(name=name) for number, name in enumerate(("maria", "anna"))}

    async def routes() -> set[str]:
        await proxy.add_route("/", "hub", {"hub": True})
        for name in ("maria", "anna"):
            await proxy.add_route(name, "there", {"user": name})
        added = set(proxy.routes)
        await proxy.check_routes(users, {})
        return added | {f"checked {name}" for name in proxy.routes}

    assert run_aside(routes()) == {"/", "maria", "checked maria"}
    accounts.closed = False
    assert run_aside(routes()) >= {"anna", "checked anna"}
