"""Two hundred small registrations on workers: how fast over the bare engine, and that killed workers cost nothing else.

The figures are printed (pytest -s); what they were stands in docs/explanation/cohorts.md.
SKRT_HUB_TEST_DASK_CHART=FOLDER   the chart (tests/cluster/prepare_chart.py makes one from a clone)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aside import run_aside

from .conftest import Hub
from .participant import Participant
from .test_workers import CHART, pods

pytestmark = pytest.mark.skipif(not CHART, reason="SKRT_HUB_TEST_DASK_CHART names no chart")
SCRIPT = Path(__file__).parents[2] / "scripts/measure_cohort.py"
COUNT = 200
EVERY = 20.0
"""Seconds between two workers that are killed."""
COMMON = """
import json, os, statistics, subprocess, sys, time
from pathlib import Path
os.chdir(Path.home())
sys.path.insert(0, str(Path.home()))
import measure_cohort
from skrt_workspace import cohort
def task(number, rounds):
    import os
    return {"moved": measure_cohort.register(number, rounds), "where": os.uname().nodename}
"""
BARE = """
LOOP = "import measure_cohort as m; m.standing.step_back(); m.register(0, 1); " \\
       "print(m.timed(lambda: [m.register(number, 1) for number in range(30)]))"
def bare(at_once):
    words = [sys.executable, "-c", LOOP]
    given = {"stdout": subprocess.PIPE, "text": True, "env": {**os.environ, "OMP_NUM_THREADS": "1",
             "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}}
    loops = [subprocess.Popen(words, **given) for _ in range(at_once)]
    return sum(30 / float(loop.communicate()[0]) for loop in loops)
print("bare", round(bare(1), 2), round(bare(2), 2))
"""
PACE = """
for workers, rounds in ((1, 0), (1, 1), (2, 1)):
    name = f"pace-{workers}-{rounds}"
    status = cohort.run(task, range(COUNT), name=name, parameters={"rounds": rounds}, at_once=workers)
    assert status.done == COUNT, (status, cohort.errors(name).to_dict())
    found = [json.loads(file.read_text()) for file in Path("cohorts", name, "results").glob("*.json")]
    ends = {}
    for one in found:
        ends.setdefault(one["value"]["plain"]["where"], []).append(one["finished"])
    # From the moment in which all workers are at work.
    begun, over = max(map(min, ends.values())), max(map(max, ends.values()))
    done = sum(begun < one["finished"] for one in found)
    own = statistics.median(one["seconds"] for one in found)
    print("pace", workers, rounds, len(ends), round(done / (over - begun), 2), round(own, 3))
"""
BEGIN = """
print(cohort.run(task, range(COUNT), name="killed", parameters={"rounds": 1}, at_once=4, wait=False))
"""
WATCH = """
results, seen, end = Path("cohorts/killed/results"), {}, time.monotonic() + 500
while not cohort.status("killed").finished and time.monotonic() < end:
    for file in results.glob("*.json"):
        found = file.stat()
        assert seen.setdefault(file.name, (found.st_ino, found.st_mtime_ns)) == (found.st_ino, found.st_mtime_ns), file
    time.sleep(0.2)
table = cohort.results("killed")
print("all", len(table), len(list(results.glob("*.json"))), cohort.errors("killed").to_dict())
print("workers", len(set(table["where"])))
assert all(abs(moved - (1 + number % 5)) < 0.2 for number, moved in enumerate(table["moved"])), table["moved"]
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    one = Hub(tmp_path_factory.mktemp("pace"), name="skrt-hub-pace", port=8768)
    one.configure(
        limits={"cpu": 2, "memory": "1 GB"},
        cohort={"workers": {"most": 4, "memory": "500 MB"}},
        kubernetes={"dask_chart": CHART},
    )
    one.run("up")
    yield one
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", one.name)


def test_pace(room: Hub) -> None:
    async def session() -> None:
        async with Participant(room.url, "carla") as carla:
            await enter(carla)
            for part in (BARE, PACE, BARE):
                print(await carla.run(f"{COMMON}\nCOUNT = {COUNT}\n{part}", patience=500))

    run_aside(session())


def test_a_worker_killed_every_twenty_seconds(room: Hub) -> None:
    async def session() -> None:
        async with Participant(room.url, "carla") as carla:
            await enter(carla)
            await carla.run(f"{COMMON}\nCOUNT = {COUNT}\n{BEGIN}")
            begun = time.monotonic()
            watch = asyncio.create_task(carla.run(f"{COMMON}\n{WATCH}", patience=520))
            kills = await kill_until(watch, room)
            told = watch.result()
            print(f"{kills} killed in {time.monotonic() - begun:.0f} s: {told}")
            assert f"all {COUNT} {COUNT} " in told and kills >= 2, told

    run_aside(session())


async def enter(carla: Participant) -> None:
    await carla.log_in()
    await carla.server()
    await carla.write("measure_cohort.py", SCRIPT.read_text(encoding="utf-8"))


async def kill_until(watch: asyncio.Task[str], room: Hub) -> int:
    """Kill one worker after another, as a node that fails does, until the cohort has finished; how many."""
    kills = 0
    while not (await asyncio.wait({watch}, timeout=EVERY))[0]:
        if found := await asyncio.to_thread(pods, room, "dask-worker"):
            words = ("delete", "pod", found[kills % len(found)], "--grace-period=0", "--force")
            await asyncio.to_thread(lambda words=words: room.kubectl(*words, check=False))
            kills += 1
    return kills
