"""Programs of the hub: whatever keeps one from starting, it is told, and tried again."""

import asyncio
import errno
import logging
from pathlib import Path

from skrt_hub.targets.machine.keeper import Keeper
from skrt_hub.targets.machine.parts import Part

LOG = logging.getLogger("test-duty")


def test_a_program_that_could_not_be_noted_down_is_looked_after(tmp_path: Path) -> None:
    """Otherwise it would be started a second time beside itself."""

    def started() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def run() -> tuple[bool, int]:
        keeper = Keeper(lambda: Part("sleeper", ("/bin/sleep", "60"), {}, tmp_path / "log"), LOG, started)
        keeper.want()
        for _ in range(100):
            await asyncio.sleep(0.05)
            if keeper.running:
                break
        await asyncio.sleep(0.5)
        found = keeper.running, keeper.failures
        await keeper.give_up()
        return found

    assert asyncio.run(run()) == (True, 0)


def test_whatever_keeps_a_part_from_being_described_it_is_tried_again() -> None:
    tried = []

    def describe() -> Part:
        tried.append(1)
        raise RuntimeError("database or disk is full")

    async def run() -> str:
        keeper = Keeper(describe, LOG)
        keeper.want()
        await asyncio.sleep(0.5)
        problem = keeper.problem
        await keeper.give_up()
        return problem

    assert "disk is full" in asyncio.run(run())
    assert len(tried) > 1
