"""Seats made ready on a real cluster: pods that run before their people come, each with a kernel that waits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.support.aside import run_aside

from .conftest import Hub
from .participant import Participant

CELL = """
import os, sys
print("skrt" in sys.modules, len(In), os.getcwd(), "SKRT_KERNEL_AHEAD" in os.environ)
"""


@pytest.fixture
def room(hub: Hub) -> Iterator[Hub]:
    """The hub with a list of people; as it was afterwards."""
    hub.configure(participants=["sara", "sepp", "sina"], seats={"wait": "10 min"})
    hub.run("up")
    yield hub
    hub.configure()
    hub.run("up")


def seats(hub: Hub) -> dict[str, str]:
    return {seat["name"]: seat["state"] for seat in hub.run("seats")["seats"]["seats"]}


async def first_notebook(hub: Hub, name: str) -> tuple[str, str]:
    async with Participant(hub.url, name) as one:
        await one.log_in()
        async with one._web.get(f"{hub.url}hub/") as answer:
            where = str(answer.url)
        async with one._web.get(f"{one.base}lab") as answer:  # with the log-in between hub and server
            assert answer.status == 200
        return where, await one.run(CELL)


def test_pods_are_there_before_their_people(room: Hub) -> None:
    room.run("participants", "disable", "sina")
    room.run("seats", "ready")
    end = time.monotonic() + 300
    while (found := seats(room)) != {"sara": "ready", "sepp": "ready"}:
        assert "failed" not in found.values() and time.monotonic() < end, found
        time.sleep(2)
    status = room.run("status")
    assert [server["name"] for server in status["servers"]] == ["sara", "sepp"]
    assert [seat["state"] for seat in status["seats"]["seats"]] == ["ready", "ready"]
    assert status["seats"]["problem"] == ""

    where, printed = run_aside(first_notebook(room, "sara"))
    assert "/user/sara/" in where, f"the pod is not there yet: {where}"
    assert printed.split() == ["True", "2", "/home/jovyan", "False"]
    assert "The kernel that waited is taken" in room.kubectl("logs", "--selector=hub.jupyter.org/username=sara")

    # The program goes on where it was after the hub's pod was started again, and nobody gets a second server.
    room.kubectl("rollout", "restart", "deployment/hub")
    room.kubectl("rollout", "status", "deployment/hub", "--timeout=120s")
    time.sleep(10)
    assert seats(room)["sepp"] == "ready"
    pods = json.loads(room.kubectl("get", "pods", "--selector=component=singleuser-server", "--output=json"))
    assert len(pods["items"]) == 2
