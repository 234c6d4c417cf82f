"""A scripted participant: the real log-in form, spawn, OAuth, a kernel and its first CT slice, over HTTP and WebSocket.

Run as a program it logs N participants in at once and prints when each had its slice:

    python tests/cluster/participant.py http://127.0.0.1:8000/ 10
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

FIRST_SLICE = """
%matplotlib inline
import skrt
from skrt_workspace import phantom
image = skrt.Image(sorted(str(path) for path in phantom.path().rglob("*ct*.nii*"))[0])
image.view()
print("slice", image.get_data().shape)
"""
"""Loads a CT volume with the toolkit and plots one slice."""


@dataclass
class Participant:
    """One participant's browser session."""

    url: str
    name: str
    password: str = "a long enough password"
    times: dict[str, float] = field(default_factory=dict)

    async def __aenter__(self) -> Participant:
        jar = aiohttp.CookieJar(unsafe=True)  # addresses, not only host names, may set cookies
        timeout = aiohttp.ClientTimeout(total=300)
        self._web = aiohttp.ClientSession(cookie_jar=jar, timeout=timeout)
        self._began = time.monotonic()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._web.close()

    @property
    def base(self) -> str:
        return f"{self.url}user/{quote(self.name)}/"

    def _mark(self, what: str) -> None:
        self.times[what] = round(time.monotonic() - self._began, 2)

    async def log_in(self) -> None:
        """Through the form; raises where the hub refuses."""
        async with self._web.get(f"{self.url}hub/login") as answer:
            assert answer.status == 200, answer.status
        form = {"username": self.name, "password": self.password, "_xsrf": self._xsrf("/hub/")}
        async with self._web.post(f"{self.url}hub/login?next=%2Fhub%2F", data=form) as answer:
            text = await answer.text()
            if answer.status != 200 or "login_error" in text:
                raise PermissionError(f"{answer.status}: {text[:300]}")
        self._mark("logged in")

    async def server(self, *, patience: float = 240) -> None:
        """Spawn the server and wait until its own page answers."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            async with self._web.get(f"{self.url}hub/spawn") as answer:
                if "/user/" in str(answer.url) and answer.status == 200:
                    break
                text = await answer.text()
            if "spawn_pending" in text or "spawn-pending" in str(answer.url):
                await self._progress()
            await asyncio.sleep(0.1)
        async with self._web.get(f"{self.base}api/status") as answer:
            assert answer.status == 200, answer.status
        self._mark("server")

    async def start(self, options: dict[str, Any]) -> tuple[int, str]:
        """Ask for the server with these options, as a program does; the hub's status and words."""
        headers = {"X-XSRFToken": self._xsrf("/hub/"), "Referer": f"{self.url}hub/home"}
        path = f"{self.url}hub/api/users/{quote(self.name)}/server"
        async with self._web.post(path, json=options, headers=headers) as answer:
            return answer.status, await answer.text()

    async def _progress(self) -> None:
        """The events of the spawn page, until the server is ready."""
        headers = {"X-XSRFToken": self._xsrf("/hub/")}
        path = f"{self.url}hub/api/users/{quote(self.name)}/server/progress"
        async with self._web.get(path, headers=headers) as answer:
            async for line in answer.content:
                if line.startswith(b"data:"):
                    event = json.loads(line[5:])
                    if event.get("failed"):
                        raise RuntimeError(event.get("message"))
                    if event.get("ready"):
                        return

    async def page(self, path: str = "lab") -> int:
        """The status of a page of the server."""
        async with self._web.get(f"{self.base}{path}") as answer:
            await answer.read()
            return answer.status

    async def run(self, code: str, *, patience: float = 280, kernel: str = "python3") -> str:
        """Run code in a new kernel and return what it printed; raises RuntimeError for an error in it."""
        async with self._web.post(f"{self.base}api/kernels", json={"name": kernel}, headers=self._headers()) as made:
            assert made.status == 201, await made.text()
            started = (await made.json())["id"]
        self._mark("kernel asked")
        channel = f"{self.base}api/kernels/{started}/channels?session_id={uuid.uuid4().hex}".replace("http", "ws", 1)
        async with self._web.ws_connect(channel, max_msg_size=0) as socket:
            return await asyncio.wait_for(self._execute(socket, code), patience)

    async def _execute(self, socket: aiohttp.ClientWebSocketResponse, code: str) -> str:
        request = uuid.uuid4().hex
        header = {"msg_id": request, "username": "", "session": uuid.uuid4().hex, "msg_type": "execute_request",
                  "version": "5.3", "date": "2026-01-01T00:00:00Z"}  # fmt: skip
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await socket.send_str(json.dumps(message))
        printed: list[str] = []
        async for packet in socket:
            document: dict[str, Any] = json.loads(packet.data)
            if document["parent_header"].get("msg_id") != request:
                continue
            kind, content = document["msg_type"], document["content"]
            if kind == "stream":
                printed.append(content["text"])
            if kind == "display_data" and "image/png" in content["data"]:
                self._mark("slice")
                printed.append("[picture]")
            if kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if kind == "status" and content["execution_state"] == "idle":
                return "".join(printed)
        raise ConnectionError("the kernel's channel closed")

    async def api(self, method: str, path: str) -> Any:
        """Ask the own server's API; the answer's JSON, where it has one."""
        async with self._web.request(method, f"{self.base}{path}", headers=self._headers()) as answer:
            assert answer.status < 400, await answer.text()
            return await answer.json() if answer.status == 200 else None

    async def write(self, path: str, text: str) -> None:
        """Save a text file in the home."""
        body = {"type": "file", "format": "text", "content": text}
        address = f"{self.base}api/contents/{quote(path)}"
        async with self._web.put(address, json=body, headers=self._headers()) as answer:
            assert answer.status in (200, 201), await answer.text()

    async def read(self, path: str) -> str | None:
        """A text file of the home, or None."""
        async with self._web.get(f"{self.base}api/contents/{quote(path)}?type=file&format=text") as answer:
            return str((await answer.json())["content"]) if answer.status == 200 else None

    async def listing(self, path: str = "") -> list[str]:
        """The names in a folder of the home."""
        async with self._web.get(f"{self.base}api/contents/{quote(path)}") as answer:
            assert answer.status == 200, await answer.text()
            return sorted(item["name"] for item in (await answer.json())["content"])

    async def notices(self) -> list[str]:
        """What JupyterLab tells this participant."""
        async with self._web.get(f"{self.base}skrt/notices") as answer:
            assert answer.status == 200, await answer.text()
            return [notice["text"] for notice in (await answer.json())["notices"]]

    async def stop_server(self) -> None:
        """End the own server, as the hub's control panel does."""
        headers = {"X-XSRFToken": self._xsrf("/hub/"), "Referer": f"{self.url}hub/home"}
        path = f"{self.url}hub/api/users/{quote(self.name)}/server"
        async with self._web.delete(path, headers=headers) as answer:
            assert answer.status in (202, 204), await answer.text()

    async def look_at(self, other: str) -> int:
        """The status that another participant's server answers with."""
        async with self._web.get(f"{self.url}user/{quote(other)}/api/contents") as answer:
            await answer.read()
            return answer.status

    def _headers(self) -> dict[str, str]:
        return {"X-XSRFToken": self._xsrf(f"/user/{quote(self.name)}/")}

    def _xsrf(self, path: str) -> str:
        cookies = self._web.cookie_jar.filter_cookies(URL(self.url.rstrip("/") + path))
        return cookies["_xsrf"].value if "_xsrf" in cookies else ""


async def first_slice(url: str, name: str) -> dict[str, float]:
    """From the log-in form to the first CT slice; seconds for each stage."""
    async with Participant(url, name) as one:
        await one.log_in()
        await one.server()
        assert await one.page("lab") == 200
        one._mark("lab page")
        printed = await one.run(FIRST_SLICE)
        assert "slice" in printed, printed
        assert "[picture]" in printed, printed
        return one.times


async def together(url: str, names: list[str]) -> list[dict[str, float]]:
    """All log in in the same second."""
    return list(await asyncio.gather(*(first_slice(url, name) for name in names)))


def main(words: list[str] | None = None) -> int:
    """Print a table of times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("participants", type=int, nargs="?", default=1)
    parser.add_argument("--names", default="person", help="what the names begin with")
    arguments = parser.parse_args(words)
    names = [f"{arguments.names}{number}" for number in range(arguments.participants)]
    rows = asyncio.run(together(arguments.url, names))
    for stage in ("logged in", "server", "lab page", "kernel asked", "slice"):
        values = [row[stage] for row in rows]
        print(f"{stage:>14}: median {statistics.median(values):6.2f} s, last {max(values):6.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
