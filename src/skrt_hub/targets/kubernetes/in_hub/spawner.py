"""In the chart's hub: a KubeSpawner that notices soon that a participant's pod runs and its server answers.

KubeSpawner and JupyterHub look for both at times that lie further and further apart, up to five seconds: a person waits
for two seconds where nothing is left to wait for. And a server that is slow because everybody starts at once has to
answer within half a minute; here it has as long as the whole start. Where all pods share one node, they take turns: ten
that start together are all as late as the last, and each makes the others slower.

This file stands alone (KubeSpawner's own libraries only): the chart hands it to the hub as it is.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tornado import web  # type: ignore[attr-defined]

PAUSE = 0.1
"""Seconds between two looks."""
LOOK_AT_POD_EVERY = 2.0
LONGEST_TURN = 20.0
"""Seconds after which the next one begins, however far the one before is."""
_REFUSED = 422
LOGIN = "skrt_hub_login"
SEATS, KERNEL_AHEAD = "skrt_hub_seats", "SKRT_KERNEL_AHEAD"
SEATS_FILE = "/srv/jupyterhub/seats.json"


def prompt_spawner(at_once: int = 0) -> type:
    """The class for `c.JupyterHub.spawner_class`; `at_once` is how many may start at a time (0: any number)."""
    room: Any = importlib.import_module("kubespawner.spawner")
    if hasattr(room, "exponential_backoff"):
        room.exponential_backoff = functools.partial(room.exponential_backoff, max_wait=4 * PAUSE)
    return prompt(room.KubeSpawner, at_once)


def prompt(base: Any, at_once: int = 0) -> type:
    """The class `base` of spawners, whose start ends as soon as the server can be connected to."""
    turns = asyncio.Semaphore(at_once) if at_once else None

    async def start(self: Any) -> Any:
        end = await begin_turn(turns)
        try:
            url = await base.start(self)
            if isinstance(url, str):
                await wait_for_server(url, self.poll)
        finally:
            end()
        return url

    async def load_user_options(self: Any) -> None:
        try:
            await base.load_user_options(self)
        except ValueError as unknown:
            raise unknown_size(self.profile_list) from unknown

    async def get_options_form(self: Any) -> Any:
        made = await base.get_options_form(self)
        return localised(made, self.handler) if isinstance(made, str) else made

    def get_env(self: Any) -> dict[str, str]:
        given: dict[str, str] = base.get_env(self)
        return {**given, KERNEL_AHEAD: "1"} if is_made_ready(self.user.name) else given

    own = {
        "start": start,
        "get_env": get_env,
        "get_options_form": get_options_form,
        "load_user_options": load_user_options,
        "__doc__": prompt.__doc__,
    }
    return type("PromptKubeSpawner", (base,), own)


def is_made_ready(name: str, file: str = SEATS_FILE) -> bool:
    """Whether this server is started before its person comes, so that a kernel is, too."""
    try:
        document = json.loads(Path(file).read_text(encoding="utf-8"))
        return bool(importlib.import_module(SEATS).is_starting(document, name))
    except (OSError, ValueError, ImportError):
        return False


def localised(form: str, handler: Any) -> str:
    """The choice of a size in the visitor's language, by the module of the log-in beside this one."""
    try:
        module = importlib.import_module(f"{LOGIN}.start_form")
    except ImportError:  # an older log-in
        return form
    return str(module.localised(form, handler))


def unknown_size(there: Any) -> web.HTTPError:
    """The refusal, in words, of a size of server that is not among these (KubeSpawner's profiles)."""
    names = ", ".join(str(one.get("display_name")) for one in there) if isinstance(there, list) else ""
    known = f" There are: {names}." if names else ""
    words = f"There is no such size of server.{known} Choose one when you start your server."
    failure = web.HTTPError(_REFUSED, words)
    failure.jupyterhub_message = words  # the pages show this one, the interface the other
    return failure


async def begin_turn(turns: asyncio.Semaphore | None) -> Callable[[], None]:
    """Wait for one's turn; returns what ends it, which time does too."""
    if turns is None:
        return lambda: None
    await turns.acquire()
    ended = False

    def end() -> None:
        nonlocal ended
        if not ended:
            ended = True
            turns.release()

    asyncio.get_running_loop().call_later(LONGEST_TURN, end)
    return end


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
