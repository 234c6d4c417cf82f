"""Seats made ready: servers that run before their people come, whose first notebook finds its kernel there."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from skrt_hub.bench.participant import Participant
from tests.support.hubs import Hub

_CELL = """\
import os
assert "skrt" in __import__("sys").modules, "skrt is not imported"
assert os.getcwd().endswith("/week-1"), os.getcwd()
assert _dh == [os.getcwd()] and __session__.endswith("first.ipynb") and os.environ["JPY_SESSION_NAME"] == __session__
assert len(In) == 2, "something ran before the first cell"
assert "SKRT_KERNEL_AHEAD" not in os.environ
"""
_SECOND = 'import os\nassert not os.getcwd().endswith("/week-1")\n'


def seats(hub: Hub) -> dict[str, str]:
    """Everybody's seat."""
    told = json.loads(hub.run("seats", "--json").stdout)["seats"]
    return {seat["name"]: seat["state"] for seat in told["seats"]}


def until(found: Callable[[], Any], wanted: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while (seen := found()) != wanted:
        assert time.monotonic() < end, f"{seen} is not {wanted}"
        time.sleep(0.5)


async def in_a_folder_with(hub: Hub, name: str, file: str) -> None:
    """A notebook beside a file that a kernel started now would import in place of what the one that waits has."""
    async with Participant(hub.url, name, "correct horse") as person:
        await person.log_in(await person.log_in_page())
        await person.lab_page()
        text = {"type": "file", "format": "text", "content": "OWN = True"}
        await person._web.put(
            person.server / "api" / "contents" / "own", json={"type": "directory"}, headers=person._api()
        )
        made = await person._web.put(
            person.server / "api" / "contents" / "own" / file, json=text, headers=person._api()
        )
        assert made.status == 201
        await person.open_notebook("own/first.ipynb")
        await person.execute(f"import {file.removesuffix('.py')} as found\nassert found.OWN")


async def work(hub: Hub, name: str) -> tuple[int, int]:
    """Two notebooks; how many kernels there are to see before and afterwards."""
    async with Participant(hub.url, name, "correct horse") as person:
        where = await person.log_in(await person.log_in_page())
        assert "/hub/" not in where.path, f"the server is not there yet: {where}"
        await person.lab_page()
        before = await person._web.get(person.server / "api" / "kernels")
        made = await person._web.put(
            person.server / "api" / "contents" / "week-1", json={"type": "directory"}, headers=person._api()
        )
        assert made.status in (200, 201)
        await person.open_notebook("week-1/first.ipynb")
        await person.execute(_CELL)
        await person.open_notebook("second.ipynb")
        await person.execute(_SECOND)
        after = await person._web.get(person.server / "api" / "kernels")
        return len(await before.json()), len(await after.json())


@pytest.mark.long
def test_a_person_finds_their_server_and_its_first_kernel(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(participants=["alice", "bob", "carol"], organisers=["teacher"])
    hub.run("up")
    hub.run("participants", "disable", "carol")
    assert "seats ready" in hub.run("seats").stdout
    hub.run("close")
    assert "closed" in hub.run("seats", "ready", code=None).stderr
    hub.run("open")
    hub.run("seats", "ready")

    until(lambda: seats(hub), {"alice": "ready", "bob": "ready"})
    status = hub.status()
    assert [server["name"] for server in status["servers"]] == ["alice", "bob"]
    assert "2 ready" in hub.run("status").stdout
    assert asyncio.run(work(hub, "alice")) == (0, 2)
    log = next((hub.state / "log").rglob("*alice*")).read_text()
    assert log.count("The kernel that waited is taken") == 1
    assert "Traceback" not in log

    asyncio.run(in_a_folder_with(hub, "bob", "skrt.py"))
    assert "The kernel that waited is not taken" in next((hub.state / "log").rglob("*bob*")).read_text()
    hub.run("seats", "ready")  # nobody gets a second one
    time.sleep(5)
    assert seats(hub)["bob"] == "ready"
    assert len(hub.status()["servers"]) == 2
