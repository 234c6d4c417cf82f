"""The same registration by people with other limits: one hash, and the one that other places give."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from skrt_hub.bench.participant import Journey, Participant
from tests.support.hubs import Hub
from tests.support.same_answer import CELL, expected

PASSWORD = "correct horse"
SIZES = {"small": 1, "middle": 2, "large": 4}
KEPT = "\nopen('hash.txt', 'w').write(digest.hexdigest() + ' ' + os.environ['CPU_LIMIT'])\n"


@pytest.mark.long
def test_three_people_with_other_limits_get_one_hash(make_hub: Callable[..., Hub]) -> None:
    profiles: list[dict[str, Any]] = [{"name": name, "limits": {"cpu": cpu}} for name, cpu in SIZES.items()]
    hub = make_hub(profiles=profiles)
    hub.run("up")

    async def register(name: str) -> None:
        async with Participant(hub.url, name, PASSWORD) as person:
            await person.enter(Journey(name))
            await person.execute(CELL + KEPT)

    found = {}
    for name, cpu in SIZES.items():
        person = hub.person(name, PASSWORD)
        person.log_in()
        person.hub_api("POST", f"users/{name}/server", {"profile": name})
        person.server()
        asyncio.run(register(name))
        found[name], limit = (hub.state / "homes" / name / "hash.txt").read_text().split()
        assert float(limit) == cpu
    assert len(set(found.values())) == 1, found
    assert expected() in (None, found["small"])
