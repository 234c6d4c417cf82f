"""A cohort in a participant's pod: the hub hands out its workers, and it goes on in the next server by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machine.hub.test_cohort import BEGIN, CHECK
from tests.support.aside import run_aside

from .conftest import Hub
from .participant import Participant

COUNT = 24
SHARE = """
import json, os, pathlib, time
file = pathlib.Path(os.environ["JUPYTER_RUNTIME_DIR"], "cohort-share.json")
end = time.monotonic() + 120
while not (file.exists() and json.loads(file.read_text())["workers"] == 2) and time.monotonic() < end:
    time.sleep(0.5)
print(file.read_text())
"""
FINISHED = """
import time
from skrt_workspace import cohort
end = time.monotonic() + 240
while not cohort.status("night").finished and time.monotonic() < end:
    time.sleep(0.5)
"""


@pytest.fixture
def room(hub: Hub) -> Iterator[Hub]:
    hub.configure(limits={"cpu": 2})
    hub.run("up")
    yield hub
    hub.configure()
    hub.run("up")


def test_a_cohort_gets_its_workers_from_the_hub_and_goes_on_in_the_next_pod(room: Hub) -> None:
    async def begin() -> None:
        async with Participant(room.url, "carla") as carla:
            await carla.log_in()
            await carla.server()
            await carla.run(BEGIN.format(count=COUNT, pause=4))
            assert '"workers": 2' in await carla.run(SHARE)
            await carla.stop_server()
        room.kubectl("wait", "--for=delete", "pod/jupyter-carla", "--timeout=120s")

    async def look() -> None:
        async with Participant(room.url, "carla") as carla:
            await carla.log_in()
            await carla.server()
            await carla.run(FINISHED)
            await carla.run(CHECK.format(count=COUNT))

    run_aside(begin())
    run_aside(look())
