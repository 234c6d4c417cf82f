"""A cell that prints without end slows down nobody else, and fills no log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from skrt_hub.bench.participant import Journey, Participant
from tests.support.hubs import Hub

pytestmark = pytest.mark.long

PASSWORD = "correct horse"
LASTS = 20
FLOOD = f"""
import os, sys, time
end = time.monotonic() + {LASTS}
while time.monotonic() < end:
    print("anna " * 20_000)
    os.write(2, b"to the log " * 2_000)
"""
AT_WORK = "assert sum(range(10)) == 45"
SLOW = 5.0
"""Seconds for a small cell beside the flood; the machine may have one processor, and other work."""


async def beside_a_flood(hub: Hub) -> list[float]:
    """How long each of bob's cells took while anna's printed."""
    took = []
    async with Participant(hub.url, "anna", PASSWORD) as anna, Participant(hub.url, "bob", PASSWORD) as bob:
        await anna.enter(Journey("anna"))
        await bob.enter(Journey("bob"))
        flood = asyncio.ensure_future(anna.execute(FLOOD))
        await asyncio.sleep(1)
        while not flood.done():
            began = time.monotonic()
            await bob.execute(AT_WORK)
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.5)
        await flood
        await anna.execute(AT_WORK)
    return took


def test_a_cell_that_prints_without_end_slows_down_nobody_else(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    took = asyncio.run(beside_a_flood(hub))
    print(f"{len(took)} cells beside the flood, the slowest in {max(took):.2f} s")
    assert len(took) > LASTS / 4
    assert max(took) < SLOW
    logs = sum(file.stat().st_size for file in (hub.state / "log").rglob("*") if file.is_file())
    assert logs < 100 * 10**6
