"""The throw-away participant's Jupyter server, as a program with a token uses it: files, a notebook, a terminal."""

from __future__ import annotations

import asyncio
import base64
import json
from types import TracebackType
from typing import Any, Self

import aiohttp

from skrt_hub.bench import kernel
from skrt_hub.errors import VerifyError
from skrt_hub.targets.guest import Guest

_SESSION = "skrt-hub-audit"


class GuestServer:
    """One participant's server. Use as an asynchronous context."""

    def __init__(self, guest: Guest) -> None:
        self._url = f"{guest.url}user/{guest.name}/"
        headers = {
            "Authorization": f"token {guest.token}",
            **({"Host": guest.server_host} if guest.server_host else {}),
        }
        self._web = aiohttp.ClientSession(
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
            connector=aiohttp.TCPConnector(ssl=guest.trust) if guest.trust else None,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._web.close()

    async def put(self, path: str, content: bytes) -> None:
        """Write a file into the home."""
        document = {"type": "file", "format": "base64", "content": base64.b64encode(content).decode()}
        await self._ask("PUT", f"api/contents/{path}", document)

    async def read(self, path: str) -> bytes | None:
        """A file of the home; None where there is none (yet), or the server does not answer."""
        try:
            async with asyncio.timeout(20):
                return await self._read(path)
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def _read(self, path: str) -> bytes | None:
        async with self._web.get(
            f"{self._url}api/contents/{path}?type=file&format=base64&content=1", allow_redirects=False
        ) as answer:
            if answer.status != 200:
                return None
            return base64.b64decode((await answer.json())["content"])

    async def alive(self) -> bool:
        """Whether the server itself answers; where it has ended, the hub does in its place."""
        try:
            patience = aiohttp.ClientTimeout(total=20)  # the hub holds a dead server's socket for a while
            async with self._web.get(f"{self._url}api/status", allow_redirects=False, timeout=patience) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def execute(self, code: str, *, deadline: float) -> str:
        """Run a cell in a notebook's kernel; returns what it printed."""
        started = await self._ask("POST", "api/kernels", {"name": "python3"})
        address = f"{self._url}api/kernels/{started['id']}/channels?session_id={_SESSION}"
        async with (
            asyncio.timeout(deadline),
            self._web.ws_connect(address, protocols=(kernel.SUBPROTOCOL,), max_msg_size=64 * 2**20) as channel,
        ):
            request = kernel.execute_request(code, _SESSION)
            await channel.send_bytes(kernel.to_bytes(request))
            printed = []
            async for frame in channel:
                message = kernel.from_bytes(frame.data)
                if not message.answers(request):
                    continue
                if message.kind == "stream":
                    printed.append(message.content["text"])
                elif message.kind == "execute_reply":
                    return "".join(printed)
        raise VerifyError("The notebook's kernel ended while it was used.", remedy="Type the same command again.")

    async def type(self, line: str) -> None:
        """Type a line into a new terminal; it goes on by itself."""
        name = (await self._ask("POST", "api/terminals", {}))["name"]
        async with self._web.ws_connect(f"{self._url}terminals/websocket/{name}") as terminal:
            await terminal.receive()  # it is set up
            await terminal.send_str(json.dumps(["stdin", line + "\r"]))
            await asyncio.sleep(0.5)

    async def _ask(self, method: str, path: str, document: Any) -> Any:
        async with self._web.request(method, self._url + path, json=document) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise VerifyError(
                    f"The participant's server answered {answer.status} to {method} {path}.",
                    why=text[:300],
                    remedy="See: skrt-hub logs",
                )
            return json.loads(text) if text else None
