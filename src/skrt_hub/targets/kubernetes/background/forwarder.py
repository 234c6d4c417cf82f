"""The background program behind `access: port-forward`: a door on this machine to the hub's proxy in the cluster.

Run as `python -m skrt_hub.targets.kubernetes.background.forwarder FILE`; FILE is the JSON document that `forward`
writes.

`kubectl port-forward` ends, with all its connections, when a single one is reset, and stays with a pod that is gone. So
this program listens itself, and gives each connection a tunnel of its own: a WebSocket to the pod's `portforward`
address (protocol v4.channel.k8s.io), through `kubectl proxy`, which knows how to log in to the cluster. A connection
that comes while the proxy's pod is being replaced waits for the new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import struct
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from skrt_hub.process import start_in_loop
from skrt_hub.targets.duties import Duties
from skrt_hub.targets.kubernetes.background.program import alone, duties, say

PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1
"""The channels of a tunnel to one port; on each, the first message is the port's number."""
CHUNK = 64 * 1024
PATIENCE = 30.0
"""How long a new connection waits for a pod that takes it."""
LONGEST_PAUSE = 5.0
SELECTOR = "component=proxy"
_TROUBLES = (aiohttp.ClientError, OSError, asyncio.TimeoutError, ConnectionError)


@dataclass(frozen=True)
class Door:
    """What this program was told: where to listen, and what to connect to."""

    address: str
    port: int
    namespace: str
    kubectl: tuple[str, ...]
    socket: Path

    @classmethod
    def told(cls, told: dict[str, Any]) -> Door:
        """From what `forward` wrote."""
        return cls(told["address"], told["port"], told["namespace"], tuple(told["kubectl"]), Path(told["socket"]))

    @property
    def pods(self) -> str:
        """The address of the namespace's pods, as `kubectl proxy` offers it."""
        return f"http://localhost/api/v1/namespaces/{self.namespace}/pods"


def main(words: list[str]) -> int:
    """Hold the lock and forward until a signal comes."""
    document = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    with alone(document) as only_one:
        if only_one:
            asyncio.run(_serve(Door.told(document["told"]), duties(document)))
    return 0


async def _serve(door: Door, beside: Duties) -> None:
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    beside.begin("the way to the cluster", partial(_keep_api, door))
    try:
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(door.socket), limit=0)) as web:
            tunnels = Tunnels(door, web)
            server = await asyncio.start_server(tunnels.take, door.address, door.port)
            say(f"listening on {door.address}:{door.port}")
            await done.wait()
            server.close()
    finally:
        beside.end()
        with contextlib.suppress(asyncio.CancelledError):
            await beside.done()
        door.socket.unlink(missing_ok=True)


async def _keep_api(door: Door) -> None:
    """Keep `kubectl proxy` running on a socket in the hub's private folder; it serves this namespace's pods only."""
    paths = rf"^/api/v1/namespaces/{door.namespace}/pods(/[^/]+/portforward)?$"
    words = (*door.kubectl, "proxy", f"--unix-socket={door.socket}", f"--accept-paths={paths}", "--reject-paths=^$")
    pause = 0.2
    while True:
        door.socket.unlink(missing_ok=True)
        began = time.monotonic()
        process = await start_in_loop(words, stdout=asyncio.subprocess.DEVNULL, stderr=sys.stderr)
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
        say(f"kubectl proxy ended with code {code}")
        pause = 0.2 if time.monotonic() - began > 20 else min(LONGEST_PAUSE, pause * 2)
        await asyncio.sleep(pause)


class Tunnels:
    """Gives each connection its tunnel."""

    def __init__(self, door: Door, web: aiohttp.ClientSession) -> None:
        self._door = door
        self._web = web
        self._pod: tuple[str, int] | None = None
        self._told = 0.0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        try:
            tunnel = await self._open()
            if tunnel is not None:
                await _pump(tunnel, reader, writer)
        except _TROUBLES:
            pass  # one connection ended; the browser opens another
        finally:
            writer.close()
            with contextlib.suppress(*_TROUBLES):
                await writer.wait_closed()

    async def _open(self) -> aiohttp.ClientWebSocketResponse | None:
        end, pause, why = time.monotonic() + PATIENCE, 0.05, ""
        while time.monotonic() < end:
            try:
                name, port = self._pod or await self._find()
                address = f"{self._door.pods}/{name}/portforward?ports={port}"
                tunnel = await self._web.ws_connect(
                    address, protocols=(PROTOCOL,), max_msg_size=0, heartbeat=60, autoclose=True
                )
                await _expect_port(tunnel, port)
                return tunnel
            except _TROUBLES as error:
                self._pod, why = None, f"{type(error).__name__}: {error}"
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)
        self._say_once(f"no connection to the cluster for {PATIENCE:.0f} s: {why}")
        return None

    async def _find(self) -> tuple[str, int]:
        """The ready pod of the hub's proxy, and its port for browsers."""
        async with self._web.get(f"{self._door.pods}?labelSelector={SELECTOR}") as answer:
            answer.raise_for_status()
            pods = (await answer.json())["items"]
        found = choose(pods)
        if found is None:
            raise ConnectionError("the hub's proxy has no ready pod")
        self._pod = found
        return found

    def _say_once(self, text: str) -> None:
        if time.monotonic() - self._told > 60:
            self._told = time.monotonic()
            say(text)


def choose(pods: list[dict[str, Any]]) -> tuple[str, int] | None:
    """The name and the port of a pod that is ready and stays."""
    for pod in pods:
        statuses = pod.get("status", {}).get("containerStatuses") or []
        if pod["metadata"].get("deletionTimestamp") or not statuses or not all(item.get("ready") for item in statuses):
            continue
        ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
        for port in ports:
            if port.get("name") == "http":
                return str(pod["metadata"]["name"]), int(port["containerPort"])
    return None


async def _expect_port(tunnel: aiohttp.ClientWebSocketResponse, port: int) -> None:
    """The first message on each channel: the port's number. Anything else is not a tunnel."""
    for _ in (DATA, ERROR):
        message = await tunnel.receive(timeout=20)
        if message.type is not aiohttp.WSMsgType.BINARY or message.data[1:3] != struct.pack("<H", port):
            raise ConnectionError(f"the cluster did not open port {port}")


async def _pump(
    tunnel: aiohttp.ClientWebSocketResponse, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Carry bytes both ways until either side ends."""

    async def up() -> None:
        while data := await reader.read(CHUNK):
            await tunnel.send_bytes(bytes((DATA,)) + data)

    async def down() -> None:
        async for message in tunnel:
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data or message.data[0] == ERROR:
                return
            writer.write(message.data[1:])
            await writer.drain()

    tasks = [asyncio.create_task(up()), asyncio.create_task(down())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await tunnel.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
