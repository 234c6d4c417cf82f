"""A duty that fails is told and begun again; one that is done is left."""

from __future__ import annotations

import asyncio
import logging

import pytest

from skrt_hub.targets.duties import Duties


def test_a_duty_that_fails_is_logged_told_and_begun_again(caplog: pytest.LogCaptureFixture) -> None:
    rounds: list[int] = []

    async def duty() -> None:
        rounds.append(len(rounds))
        if len(rounds) < 3:
            raise OSError(28, "No space left on device")

    async def go() -> list[str]:
        duties = Duties(logging.getLogger("test"))
        duties.begin("saving", duty, pause=0.01)
        while len(rounds) < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        return duties.troubles()

    told = asyncio.run(go())
    assert rounds == [0, 1, 2]
    assert "saving" in told[0] and "No space left" in told[0]
    assert "Traceback" in caplog.text and "No space left" in caplog.text


def test_an_ended_supervisor_ends_its_duties() -> None:
    async def duty() -> None:
        await asyncio.sleep(3600)

    async def go() -> int:
        duties = Duties(logging.getLogger("test"))
        duties.begin("waiting", duty)
        await asyncio.sleep(0)
        duties.end()
        await asyncio.sleep(0.01)
        return len(asyncio.all_tasks())

    assert asyncio.run(go()) == 1
