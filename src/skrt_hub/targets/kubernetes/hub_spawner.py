"""In the chart's hub: a KubeSpawner that notices soon that a participant's pod runs and its server answers.

KubeSpawner and JupyterHub look for both at times that lie further and further apart, up to five seconds: a person waits
for two seconds where nothing is left to wait for. And a server that is slow because everybody starts at once has to
answer within half a minute; here it has as long as the whole start.

This file stands alone (KubeSpawner's own libraries only): the chart hands it to the hub as it is.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import time
from typing import Any
from urllib.parse import urlsplit

PAUSE = 0.1
"""Seconds between two looks."""
LOOK_AT_POD_EVERY = 2.0


def prompt_spawner() -> type:
    """The class for `c.JupyterHub.spawner_class`."""
    room: Any = importlib.import_module("kubespawner.spawner")
    if hasattr(room, "exponential_backoff"):
        room.exponential_backoff = functools.partial(room.exponential_backoff, max_wait=4 * PAUSE)
    return prompt(room.KubeSpawner)


def prompt(base: Any) -> type:
    """The class `base` of spawners, whose start ends as soon as the server can be connected to."""

    async def start(self: Any) -> Any:
        url = await base.start(self)
        if isinstance(url, str):
            await wait_for_server(url, self.poll)
        return url

    return type("PromptKubeSpawner", (base,), {"start": start, "__doc__": prompt.__doc__})


async def wait_for_server(url: str, poll: Any) -> None:
    """Wait until something listens at `url`. Raises RuntimeError where `poll` says that the pod has ended.

    There is no limit of time here: JupyterHub gives the whole start one (singleuser.startTimeout).
    """
    parts = urlsplit(url)
    looked = time.monotonic()
    while not await _listens(parts.hostname or "", parts.port or 80):
        if time.monotonic() - looked > LOOK_AT_POD_EVERY:
            looked = time.monotonic()
            ended = await poll()
            if ended is not None:
                raise RuntimeError(f"the server ended while it started (exit code {ended})")
        await asyncio.sleep(PAUSE)


async def _listens(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError too: nobody there yet
        return False
    writer.close()
    return True
