"""Programs of the hub: whatever keeps one from starting, it is told, and tried again."""

import asyncio
import logging

from skrt_hub.targets.machine.keeper import Keeper
from skrt_hub.targets.machine.parts import Part

LOG = logging.getLogger("test-duty")


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
