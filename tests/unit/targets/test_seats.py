"""Seats made ready on one machine: what the keeper waits for, and at which pace it begins."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine import seats


def test_no_seat_is_made_ready_before_servers_can_be_forked(tmp_path: Path) -> None:
    layout = Layout(tmp_path)

    async def waited(settings: Settings) -> float:
        began = time.monotonic()
        await seats.until_warm(layout, settings, longest=0.7)
        return time.monotonic() - began

    assert asyncio.run(waited(Settings())) > 0.7
    assert asyncio.run(waited(Settings(fork_server=False))) < 0.4
    layout.fork_server_socket().parent.mkdir(parents=True, exist_ok=True)
    layout.fork_server_socket().touch()
    assert asyncio.run(waited(Settings())) < 0.4


def test_the_order_is_that_of_the_settings() -> None:
    settings = Settings.model_validate({"seats": {"ready": ["Mon 08:45"], "for": ["A"], "time_zone": "Europe/Vienna"}})
    found = seats.order(settings)

    assert (found.ready, found.zone, found.groups) == ((("Mon", "08:45"),), "Europe/Vienna", ("A",))
    assert found.at_once >= 1
