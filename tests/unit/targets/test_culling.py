"""When the clock jumps, or a laptop slept, nobody's server looks long unused: all get the full idle time again."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, cast

import pytest

from skrt_hub.targets.machine.culling import Culling


class Culler:
    """The program that ends idle servers; `ended`: how often it was ended itself."""

    def __init__(self) -> None:
        self.running, self.failures, self.ended, self.wanted = True, 0, 0, 0

    async def end(self) -> None:
        self.running = False
        self.ended += 1

    def want(self) -> None:
        self.running = True
        self.wanted += 1


def after_a_jump(monkeypatch: pytest.MonkeyPatch, *jumps: float) -> Culler:
    """The culler of a hub on whose clock this happened, one after the other, a second apart."""
    culler, clock, monotonic = Culler(), time.time, time.monotonic
    moved = [0.0, 0.0]

    async def sleep(_: float) -> None:
        if not left:
            raise asyncio.CancelledError
        moved[0] += left.pop(0)
        moved[1] += 1

    left = list(jumps)
    monkeypatch.setattr(time, "time", lambda: clock() + sum(moved))
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + moved[1])
    monkeypatch.setattr(asyncio, "sleep", sleep)
    culling = Culling(cast("Any", culler), logging.getLogger(), is_open=lambda: True, idle=lambda: 3.0)

    async def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            await culling.go_on()

    asyncio.run(run())
    return culler


@pytest.mark.parametrize("jump", [8 * 3600.0, -8 * 3600.0, 31.0])
def test_a_jump_ends_the_culler_until_everyone_had_the_full_time_again(
    monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    at_once = after_a_jump(monkeypatch, jump, 0)
    assert (at_once.running, at_once.ended) == (False, 1)
    later = after_a_jump(monkeypatch, jump, 0, 0, 0, 0)
    assert (later.running, later.ended, later.wanted) == (True, 1, 1)


def test_a_clock_that_is_set_right_by_a_little_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    culler = after_a_jump(monkeypatch, 2, -2, 25)
    assert (culler.running, culler.ended) == (True, 0)
