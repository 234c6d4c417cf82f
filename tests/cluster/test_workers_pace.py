"""Small registrations on workers: how fast over the bare engine, and that killed workers cost nothing else.

The bare loop is a task, too, one of many registrations: so it runs in the same pods, with the same quota of processors,
in turns with the others in one run, and on two workers two loops run at the same time. The figures are printed
(pytest -s); what they were stands in docs/explanation/cohorts.md.
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
ENOUGH = 0.6
"""Of the bare loop's pace, on a machine that does other things, too; 0.95 is wanted of one that does nothing else."""
TURNS, PARTS = 4, {1: 20, 4: 10}
"""How often each comes, and how many tasks a part has, by the registrations of a task: some 0.25 s each."""
COMMON = """
import json, os, statistics, sys, time
from pathlib import Path
os.chdir(Path.home())
sys.path.insert(0, str(Path.home()))
import measure_cohort
from skrt_workspace import cohort
def task(number, rounds):
    import os
    return {"moved": measure_cohort.register(number, rounds), "where": os.uname().nodename}
"""
PACE = """
def loop_or_one(item, rounds, part):
    import os
    kind, count = item[0], part if item[0] == "loop" else 1
    for number in range(count * rounds):
        measure_cohort.register(number, 1)
    return {"kind": kind, "turn": item[1], "where": os.uname().nodename}
def ratio_of(rows, part):
    # Of one worker: for each turn the loop's registrations a second, and those of the tasks up to the next loop.
    rows = sorted(rows, key=lambda row: row["finished"])
    loops = [at for at, row in enumerate(rows) if row["kind"] == "loop"]
    for first, second in zip(loops, loops[1:]):
        if second - first > part // 2:
            between = rows[second - 1]["finished"] - rows[first]["finished"]
            yield part / rows[first]["seconds"], (second - first - 1) / between
for rounds, part, workers in [(*each, workers) for each in PARTS.items() for workers in (1, 2)]:
    name = f"pace-{rounds}-{workers}"
    items = []
    for turn in range(TURNS + 1):
        items += [("loop", turn, which) for which in range(workers)]
        items += [("one", turn, number) for number in range(part * workers)] if turn < TURNS else []
    cohort.run(loop_or_one, items, name=name, parameters={"rounds": rounds, "part": part}, at_once=workers)
    found = [json.loads(file.read_text()) for file in Path("cohorts", name, "results").glob("*.json")]
    assert len(found) == len(items), cohort.errors(name).to_dict()
    by_worker = {}
    for one in found:
        by_worker.setdefault(one["value"]["plain"]["where"], []).append({**one, **one["value"]["plain"]})
    pairs = [pair for rows in by_worker.values() for pair in ratio_of(rows, part)]
    loop, rate = (statistics.median(side) for side in zip(*pairs))
    ratio = statistics.median(rate / loop for loop, rate in pairs)
    print("pace", rounds, workers, len(by_worker), len(pairs), round(loop, 2), round(rate, 2), round(ratio, 3))
cohort.run(task, range(COUNT), name="empty", parameters={"rounds": 0}, at_once=1)
ends = [json.loads(file.read_text())["finished"] for file in Path("cohorts/empty/results").glob("*.json")]
print("empty", round(1000 * (max(ends) - min(ends)) / (COUNT - 1), 1), "ms")
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
            values = f"COUNT, PARTS, TURNS = {COUNT}, {PARTS}, {TURNS}"
            told = await carla.run(f"{COMMON}\n{values}\n{PACE}", patience=900)
            print(told)
            ratios = [float(line.split()[-1]) for line in told.splitlines() if line.startswith("pace")]
            assert len(ratios) == 2 * len(PARTS) and min(ratios) > ENOUGH, told

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
            assert f"all {COUNT} {COUNT} " in told and kills >= 1, told

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
