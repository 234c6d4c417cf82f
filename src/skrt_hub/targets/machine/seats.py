"""Seats made ready on this machine: the keeper of the seats (skrt_hub.hub.seat_keeper) as a duty of the supervisor."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from typing import Any

import psutil

from skrt_hub import seats_told
from skrt_hub.hub import admission, door, seat_keeper
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.names import folder_for
from skrt_hub.hub.occupancy import average, group_limit
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout
from skrt_hub.login.accounts import Accounts
from skrt_hub.login.sharing import groups_of
from skrt_hub.policy import fork_servers, seats
from skrt_hub.seats_told import SeatsTold
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine.records import running_servers

_EACH = 4.0
"""Seconds that a start takes at most here, with the pause after it."""
_WARMING, _PAUSE_WARMING = 120.0, 0.5


def order(settings: Settings) -> seats.Order:
    """What hub.yaml says, at a pace that leaves half of the machine to those who work already."""
    asked = settings.seats
    at_once = max(1, len(os.sched_getaffinity(0)) // 2)
    return seats.Order(asked.times, asked.time_zone or "UTC", asked.wait, asked.groups, at_once, _EACH)


async def keep(layout: Layout, log: logging.Logger, applied: Callable[[], Applied]) -> None:
    """Look at the seats for ever. A change of hub.yaml counts from the next look on."""
    loop = asyncio.get_running_loop()
    await until_warm(layout, applied().settings)
    keeper = seat_keeper.Keeper(
        seats,
        order(applied().settings),
        layout.hub,
        lambda method, path: _ask(layout, method, path),
        Accounts(layout.accounts),
        groups_of=groups_of,
        has_home=lambda name: os.path.lexists(layout.home(folder_for(name))),
        room=lambda _: room(layout, applied().settings.limits.servers),
        say=lambda words: log.info("%s", words),
    )
    while True:
        keeper.order = order(applied().settings)
        await loop.run_in_executor(None, keeper.look)
        await asyncio.sleep(seat_keeper.PAUSE)


async def until_warm(layout: Layout, settings: Settings, longest: float = _WARMING) -> None:
    """Wait until servers can be forked, which takes a hub that was just started some seconds; not for ever."""
    give_up = time.monotonic() + longest
    while fork_servers.used(settings, "") and not layout.fork_server_socket().exists():
        if time.monotonic() > give_up:
            return
        await asyncio.sleep(_PAUSE_WARMING)


def told(layout: Layout, settings: Settings, *, runs: bool) -> SeatsTold:
    """What a person is told of the seats of this hub."""
    return seats_told.told(settings.seats, seat_keeper.read(layout.hub / seat_keeper.DONE), time.time(), runs=runs)


def ask_now(layout: Layout) -> None:
    """Have the seats made ready from now on."""
    seat_keeper.ask_now(layout.hub, time.time())


def room(layout: Layout, limit: int) -> int:
    """How many more servers fit, by the rule for everybody's (skrt_hub.hub.admission)."""
    servers = [server.identity for server in running_servers(layout)]
    whole = psutil.virtual_memory()
    most, used = group_limit()
    available = whole.available if most is None else min(whole.available, max(0, most - used))
    memory = admission.Memory(whole.total if most is None else min(whole.total, most), available, average(servers))
    found = admission.room(memory, running=len(servers), starting=0, limit=limit)
    return max(0, found.seats - found.taken)


def _ask(layout: Layout, method: str, path: str) -> tuple[int, Any]:
    try:
        token = read_secrets(layout.secrets).command
        return 200 if method == "GET" else 202, door.ask(layout, method, path, token=token)
    except door.DoorError as error:
        return error.status, str(error)
