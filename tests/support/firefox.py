"""Firefox as the tests drive it: by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), without a driver."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PATIENCE = 60.0  # seconds


class Firefox:
    """One window."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0
        self._window = ""

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its answer."""
        self._count += 1
        await self._socket.send_json({"id": self._count, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE):
            while True:
                answer: dict[str, Any] = json.loads(await self._socket.receive_str())
                if answer.get("id") == self._count:
                    assert answer["type"] == "success", answer
                    result: dict[str, Any] = answer["result"]
                    return result

    async def begin(self) -> None:
        """Open the session; certificates that nobody installed are taken."""
        await self.ask("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self._window = (await self.ask("browsingContext.getTree"))["contexts"][0]["context"]
        await self.ask("browsingContext.activate", context=self._window)  # without the focus nothing is clicked

    async def size(self, width: int, height: int) -> None:
        """Make the page as large as a window, or a phone."""
        await self.ask("browsingContext.setViewport", context=self._window, viewport={"width": width, "height": height})

    async def go(self, url: str) -> None:
        """Open an address."""
        await self.ask("browsingContext.navigate", context=self._window, url=url, wait="complete")

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.ask(
            "script.evaluate", expression=script, target={"context": self._window}, awaitPromise=True
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until an expression is true; pages may change meanwhile."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if await self.run(script):
                    return
            except AssertionError:  # the page went away under it
                pass
            await asyncio.sleep(0.2)
        raise AssertionError(f"never so: {script}\n{await self.run('document.body.innerText')}")

    async def type(self, text: str) -> None:
        """Type where the cursor is."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        await self.ask(
            "input.performActions", context=self._window, actions=[{"type": "key", "id": "keys", "actions": keys}]
        )

    async def fill(self, selector: str, text: str) -> None:
        """Type into a field."""
        await self.until(f"!!document.querySelector({selector!r})")
        await self.run(f"void document.querySelector({selector!r}).focus()")
        await self.type(text)

    async def press(self, selector: str) -> None:
        """Press a button of a form."""
        await self.run(f"void document.querySelector({selector!r}).click()")

    async def picture(self, name: str) -> None:
        """A picture of what is seen, where SKRT_HUB_TEST_PICTURES names a folder."""
        if folder := os.environ.get("SKRT_HUB_TEST_PICTURES"):
            data = (await self.ask("browsingContext.captureScreenshot", context=self._window))["data"]
            Path(folder, f"{name}.png").write_bytes(base64.b64decode(data))


@asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """A Firefox of its own, with an empty profile; the test is skipped where there is none."""
    if FIREFOX is None:
        pytest.skip("no Firefox here: sudo apt install firefox-esr")
    with tempfile.TemporaryDirectory() as profile:
        # Firefox as root refuses to run with another user's home.
        environment = {**os.environ, "HOME": profile, "MOZ_HEADLESS": "1"}
        command = (FIREFOX, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0")
        program = await asyncio.create_subprocess_exec(
            *command, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            assert program.stderr is not None
            async with asyncio.timeout(PATIENCE):
                while not (found := re.search(rb"listening on (ws://\S+)", await program.stderr.readline())):
                    assert program.returncode is None, "Firefox ended"
            reading = asyncio.ensure_future(program.stderr.read())
            async with aiohttp.ClientSession() as web:
                url = f"{found[1].decode()}/session"
                async with web.ws_connect(url, max_msg_size=0) as socket:
                    window = Firefox(socket)
                    await window.begin()
                    yield window
            reading.cancel()
        finally:
            if program.returncode is None:
                program.terminate()
            await program.wait()
