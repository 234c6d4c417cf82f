"""A cohort on many nodes: Dask's gateway with its real chart, workers that see no home, and whatever ends meanwhile.

SKRT_HUB_TEST_DASK_CHART=FOLDER   the chart (tests/cluster/prepare_chart.py makes one from a clone)
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from tests.support.aside import run_aside
from tests.support.same_answer import CELL, expected, hash_in

from .conftest import Hub
from .participant import Participant

CHART = os.environ.get("SKRT_HUB_TEST_DASK_CHART", "")
pytestmark = pytest.mark.skipif(not CHART, reason="SKRT_HUB_TEST_DASK_CHART names no chart")
COUNT = 40
BEGIN = f"""
import os
from pathlib import Path
from skrt_workspace import cohort
os.chdir(Path.home())
for number in range({COUNT}):
    folder = Path("patients") / f"p{{number:02}}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ct.txt").write_text("voxels of %d" % number)
def task(folder, pause):
    import os, time
    from pathlib import Path
    text = (Path(folder) / "ct.txt").read_text()
    Path("moved").mkdir(exist_ok=True)
    (Path("moved") / (Path(folder).name + ".txt")).write_text(text.upper())
    time.sleep(pause)
    return {{"text": text, "where": os.uname().nodename, "others": len(list(Path("patients").iterdir()))}}
patients = sorted(str(path) for path in Path("patients").iterdir())
print(cohort.run(task, patients, name="far", parameters={{"pause": 2.0}}, wait=False))
"""
FINISHED = f"""
import time
from pathlib import Path
from skrt_workspace import cohort
end = time.monotonic() + 250
while not cohort.status("far").finished and time.monotonic() < end:
    time.sleep(0.5)
table = cohort.results("far")
print(cohort.status("far"), cohort.errors("far").to_dict())
assert list(table["text"]) == ["voxels of %d" % number for number in range({COUNT})], table
assert all(name.startswith("dask-worker-") for name in table["where"]), set(table["where"])
assert set(table["others"]) == {{1}}, "a task sees the files of its own patient"
for number in range({COUNT}):
    assert Path(f"moved/p{{number:02}}.txt").read_text() == "VOXELS OF %d" % number
print("all", len(set(table["where"])))
"""
OWN = """
from dask_gateway import Gateway
gateway = Gateway()
cluster = gateway.new_cluster()
cluster.scale(1)
client = cluster.get_client()
print("sum", client.submit(sum, [1, 2, 3]).result(timeout=120))
try:
    for _ in range(5):
        gateway.submit()
    print("no limit")
except ValueError as error:
    print(error)
for report in gateway.list_clusters():
    gateway.stop_cluster(report.name)
"""
EVERYWHERE = """
from skrt_workspace import cohort
def register(number, cell):
    space = {}
    exec(cell, space)
    return space["digest"].hexdigest()
cohort.run(register, range(2), name="same", parameters={"cell": CELL})
print(cohort.errors("same").to_dict())
for value in cohort.results("same")["result"]:
    print("worker", value)
"""
PEEK = """
from dask_gateway import Gateway
gateway = Gateway()
print(gateway.list_clusters())
try:
    gateway.connect({name!r})
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub of its own with workers."""
    one = Hub(tmp_path_factory.mktemp("workers"), name="skrt-hub-workers", port=8767)
    configure(one, cohort={"workers": {"most": 2, "memory": "600 MB"}})
    one.run("up")
    yield one
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", one.name)


def configure(hub: Hub, **changes: Any) -> None:
    hub.configure(limits={"cpu": 1, "memory": "1 GB"}, kubernetes={"dask_chart": CHART}, **changes)


def pods(hub: Hub, component: str) -> list[str]:
    words = ("get", "pods", f"--selector=app.kubernetes.io/component={component}", "--output=json")
    found = json.loads(hub.kubectl(*words))["items"]
    return [item["metadata"]["name"] for item in found if item["status"].get("phase") == "Running"]


async def until(what: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(1)


async def done(carla: Participant, patience: float = 90) -> int:
    """How many tasks are; a hub that starts anew says nothing of who asks."""
    end = time.monotonic() + patience
    while True:
        try:
            found = await carla.api("GET", "skrt/cohorts")
        except (AssertionError, aiohttp.ClientError):
            assert time.monotonic() < end
            await asyncio.sleep(1)
        else:
            return int(found["cohorts"][0]["done"])


async def more(carla: Participant, than: int, seconds: float = 150) -> None:
    end = time.monotonic() + seconds
    while await done(carla) <= than:
        assert time.monotonic() < end, "the cohort does not go on"
        await asyncio.sleep(1)


def test_a_cohort_on_workers_survives_what_ends(room: Hub) -> None:
    async def session() -> None:
        async with Participant(room.url, "carla") as carla:
            await carla.log_in()
            await carla.server()
            print(await carla.run(BEGIN))
            await until(lambda: len(pods(room, "dask-worker")) == 2)
            await more(carla, 2)
            for kernel in await carla.api("GET", "api/kernels"):
                await carla.api("DELETE", f"api/kernels/{kernel['id']}")
            before = await done(carla)
            room.kubectl("delete", "pod", pods(room, "dask-worker")[0], "--grace-period=0", "--force")
            await more(carla, before + 2)
            room.kubectl("delete", "pod", "--selector=component=hub")
            await more(carla, await done(carla) + 2)
            await pages(room, carla)
            assert "all" in await carla.run(FINISHED)
            await until(lambda: not pods(room, "dask-worker"))

    run_aside(session())


async def pages(room: Hub, carla: Participant) -> None:
    """Dask's own pages: for their owner, and for nobody else."""
    names = (await carla.run("from dask_gateway import Gateway\nprint(Gateway().list_clusters()[0].name)")).split()
    path = f"skrt/dask/clusters/{names[-1]}/status"
    assert await carla.page(path) == 200
    async with Participant(room.url, "mallory") as mallory:
        await mallory.log_in()
        await mallory.server()
        assert await mallory.page(path) == 404
        told = await mallory.run(PEEK.format(name=names[-1]))
        assert told.startswith("[]") and "403" in told, told
        await mallory.stop_server()


def test_peoples_own_dask_code_has_workers_and_a_limit(room: Hub) -> None:
    async def session() -> None:
        async with Participant(room.url, "carla") as carla:
            await carla.log_in()
            await carla.server()
            told = await carla.run(OWN)
            assert "sum 6" in told and "You have 2 Dask clusters already" in told, told

    run_aside(session())


def test_a_registration_gives_the_same_in_a_pod_and_on_workers(room: Hub) -> None:
    async def session() -> None:
        async with Participant(room.url, "carla") as carla:
            await carla.log_in()
            await carla.server()
            found = {hash_in(await carla.run(CELL))}
            printed = await carla.run(f"CELL = {CELL!r}\n{EVERYWHERE}")
            found |= {line.split()[1] for line in printed.splitlines() if line.startswith("worker ")}
            assert len(found) == 1, printed
            assert expected() in (None, *found)

    run_aside(session())


def test_nothing_of_it_is_left_without_the_setting(room: Hub) -> None:
    assert "dask-gateway" in room.kubectl("get", "deployments")
    configure(room)
    room.run("up")
    for kind in ("deployments", "pods", "networkpolicies", "resourcequotas"):
        assert "dask" not in room.kubectl("get", kind, "--ignore-not-found"), kind
