"""After a restart of the hub: the servers of those whose cohorts ran when it ended start again, and go on with them.

Who they are, JupyterHub noted when their servers asked for workers (skrt_hub.hub.cohort_desk). No home is read for it.
"""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import quote

from skrt_hub.errors import SkrtHubError
from skrt_hub.files import read_json
from skrt_hub.hub import door
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout
from skrt_hub.targets.machine import servers

_PAUSE = 1.0
_MOST = 1000


def noted(layout: Layout) -> list[str]:
    """Whose cohorts ran when the hub was there last; none where that cannot be read."""
    try:
        told = read_json(layout.cohorts)
        names = told["names"] if isinstance(told, dict) else []
    except (OSError, ValueError, KeyError, SkrtHubError):
        return []
    return [name for name in names if isinstance(name, str)][:_MOST] if isinstance(names, list) else []


async def go_on(layout: Layout, log: logging.Logger) -> None:
    """Start the servers that are missing, once the hub answers; each start waits for its turn like any other."""
    names = noted(layout)
    if not names:
        return
    loop = asyncio.get_running_loop()
    while not await loop.run_in_executor(None, door.answers, layout):
        await asyncio.sleep(_PAUSE)
    for name in names:
        if await loop.run_in_executor(None, _has_started, layout, name, log):
            log.info("%s: the server is started again, as a cohort of theirs has not finished", name)


def _has_started(layout: Layout, name: str, log: logging.Logger) -> bool:
    token, path = read_secrets(layout.secrets).command, f"/users/{quote(name, safe='')}"
    try:
        if door.ask(layout, "GET", path, token=token)["servers"]:
            return False
        servers.ask_to_start(layout, name, token)
    except (door.DoorError, KeyError, TypeError) as error:
        log.warning("%s: the server was not started again for a cohort: %s", name, error)
        return False
    return True
