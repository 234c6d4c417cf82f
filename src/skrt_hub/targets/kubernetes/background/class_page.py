"""The class's page of a hub in a cluster: a background program of this machine, as the scheduled saves are.

What the page does needs the commands' rights, the slips and the list of participants, and those are here. The page is
the same program as on one machine (skrt_hub.class_page); beside it this one keeps a line to the hub's pod
(in_hub/relay.py), through which the cluster's proxy leads browsers here and the page asks JupyterHub who they are.

Run as `python -m skrt_hub.targets.kubernetes.background.class_page FILE`; FILE is the JSON document that Background
writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from skrt_hub import computer
from skrt_hub.layout import Layout
from skrt_hub.policy import class_page
from skrt_hub.process import plain_environment, start_in_loop
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.background.program import Background, alone, duties, say
from skrt_hub.targets.kubernetes.cluster.hub_pod import HUB
from skrt_hub.targets.kubernetes.cluster.kubectl import Kubectl
from skrt_hub.targets.kubernetes.in_hub import relay

NAME = "page"
_LONGEST_PAUSE = 5.0
_HELD = 20.0  # seconds after which a line that ended was a good one
_PROGRAM = Path(relay.__file__)
# The program comes on standard input, and the line after it: not a byte more may be read.
_BEGIN = "import os\ntext=b''\nwhile len(text)<{length}: text+=os.read(0,{length}-len(text))\nexec(text)"
_TOKEN = f"/usr/local/etc/jupyterhub/secret/hub.services.{class_page.NAME}.apiToken"
_KEPT = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "KUBECONFIG", "PATH", "HOME")


def ensure(settings: Settings, layout: Layout, kubectl: Kubectl) -> None:
    """Have it run, with today's settings, where there are organisers, and not where there are none."""
    own = program(layout)
    told = {
        "state": str(layout.root),
        "kubectl": list(kubectl.arguments()),
        "settings": settings.model_dump(mode="json"),
    }
    wanted = class_page.used(settings) and computer.is_unix()
    if wanted and own.runs_with(told):
        return
    own.stop()
    if wanted:
        own.start(told)


def note(settings: Settings, layout: Layout, *, hub_runs: bool) -> str:
    """What `status` says of the page; nothing where all is well or nobody would open it."""
    if class_page.used(settings) and not computer.is_unix():
        return f"The class's page is kept by a program of Linux and macOS; this is {computer.name()}."
    if hub_runs and class_page.used(settings) and not program(layout).running:
        return "The class's page is not there at present (since a restart of this machine?): skrt-hub open"
    return ""


def program(layout: Layout) -> Background:
    """It, running or not."""
    return Background(NAME, "skrt_hub.targets.kubernetes.background.class_page", layout)


def main(words: list[str]) -> int:
    """Hold the lock and keep page and line until a signal comes."""
    document = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    with alone(document) as only_one:
        if only_one:
            asyncio.run(_serve(document))
    return 0


async def _serve(document: dict[str, object]) -> None:
    told = document["told"]
    assert isinstance(told, dict)
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    keeper = _Keeper(Layout(Path(told["state"])), tuple(told["kubectl"]))
    beside = duties(document)
    beside.begin("the class's page", partial(_again_and_again, keeper.page))
    beside.begin("the class page's line to the cluster", partial(_again_and_again, keeper.line))
    try:
        await done.wait()
    finally:
        beside.end()
        with contextlib.suppress(asyncio.CancelledError):
            await beside.done()


async def _again_and_again(keep: Callable[[], Awaitable[None]]) -> None:
    pause = 0.2
    while True:
        began = time.monotonic()
        await keep()
        pause = 0.2 if time.monotonic() - began > _HELD else min(_LONGEST_PAUSE, pause * 2)
        await asyncio.sleep(pause)


class _Keeper:
    """The page's program and the line; each of the two methods returns when what it keeps has ended."""

    def __init__(self, layout: Layout, kubectl: tuple[str, ...]) -> None:
        self._layout, self._kubectl = layout, kubectl
        self._page = _listener()
        self._interface = _listener()

    async def page(self) -> None:
        """The program of the page, on a socket of this machine that only the line leads to."""
        token = await self._token()
        number = self._page.fileno()
        words = (sys.executable, "-m", "skrt_hub.class_page", self._layout.root, f"--descriptor={number}")
        environment = {
            **plain_environment(*_KEPT),
            "JUPYTERHUB_API_TOKEN": token,
            "JUPYTERHUB_API_URL": f"http://127.0.0.1:{self._interface.getsockname()[1]}/hub/api",
            "PYTHONUNBUFFERED": "1",
        }
        process = await start_in_loop(words, env=environment, pass_fds=(number,), stdout=sys.stderr, cwd="/")
        await _until_it_ends(process, "the class's page")

    async def line(self) -> None:
        """The line to the hub's pod."""
        program = _PROGRAM.read_bytes() + f"\nmain({class_page.PORT})\n".encode()
        words = (*self._kubectl, "exec", "--stdin", HUB, "--", "python3", "-c", _BEGIN.format(length=len(program)))
        pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": sys.stderr}
        process = await start_in_loop(words, **pipes)
        assert process.stdin is not None
        assert process.stdout is not None
        where = self._page.getsockname()
        line = relay.Line(
            process.stdout, process.stdin, iter(range(2, 2**32, 2)), lambda: asyncio.open_connection(*where)
        )
        process.stdin.write(program)
        server = await asyncio.start_server(line.take, sock=self._interface.dup())
        say("the line to the hub's pod is begun")
        try:
            with contextlib.suppress(ConnectionError):
                await line.run()
        finally:
            server.close()
            process.stdin.close()
            await _end(process)
        say("the line to the hub's pod has ended")

    async def _token(self) -> str:
        """The token of the page's service; it stays in the memory of this program and the page's."""
        words = (*self._kubectl, "exec", HUB, "--", "cat", _TOKEN)
        while True:
            process = await start_in_loop(words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
            found, error = await process.communicate()
            if process.returncode == 0 and found.strip():
                return found.decode().strip()
            say(f"the hub's pod does not tell the page's token: {error.decode(errors='replace').strip()[-300:]}")
            await asyncio.sleep(_LONGEST_PAUSE)


async def _until_it_ends(process: asyncio.subprocess.Process, what: str) -> None:
    try:
        code = await process.wait()
    finally:
        await _end(process)
    say(f"{what} ended with code {code}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
