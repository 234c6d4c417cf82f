"""A cohort on a real hub: it goes on when browser, kernel, server, hub and its runner end, and does nothing twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from skrt_hub.bench.participant import Journey, Participant
from skrt_hub.layout import Layout
from skrt_hub.targets.machine.records import running_servers
from tests.support.hubs import Hub, Person

PASSWORD = "correct horse"
# Each task leaves a line, so that what was begun can be counted, and needs a moment: there must be something to kill.
BEGIN = """
from skrt_workspace import cohort
def task(number, pause):
    import os, time
    handle = os.open(os.path.expanduser("~/begun.txt"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, b"%d\\n" % number)
    os.close(handle)
    time.sleep(pause)
    if number == 3:
        raise ValueError("three is not a patient")
    return {{"square": number**2}}
cohort.run(task, range({count}), name="night", parameters={{"pause": {pause}}}, wait=False)
"""
CHECK = """
from skrt_workspace import cohort
table = cohort.results("night")
assert sorted(table["square"]) == [n * n for n in range({count}) if n != 3], table
errors = cohort.errors("night")
assert list(errors.index) == ["3"] and errors.error["3"] == "ValueError: three is not a patient", errors
assert cohort.status("night").finished
"""


async def execute(hub: Hub, *cells: str, name: str = "anna") -> None:
    async with Participant(hub.url, name, PASSWORD) as anna:
        await anna.enter(Journey(name))
        for cell in cells:
            await anna.execute(cell)


def told(anna: Person) -> dict[str, Any]:
    found: list[dict[str, Any]] = anna.api("GET", "skrt/cohorts")["cohorts"]
    return found[0]


def until(what: Callable[[], bool], deadline: float = 240) -> None:
    """Wait for a state; the deadline is for a machine on which other tests run, too."""
    end = time.monotonic() + deadline
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)


def processes(hub: Hub) -> list[int]:
    """What runs for cohorts of this hub's people, seen from outside."""
    found = []
    for server in running_servers(Layout(hub.state)):
        for process in psutil.Process(server.identity.pid).children(recursive=True):
            try:
                if "skrt_workspace.cohort" in process.cmdline():
                    found.append(process.pid)
            except psutil.Error:
                continue
    return found


def test_a_cohort_goes_on_without_its_notebook(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna", PASSWORD)
    asyncio.run(execute(hub, BEGIN.format(count=8, pause=0.2)))
    for kernel in anna.api("GET", "api/kernels"):
        anna.api("DELETE", f"api/kernels/{kernel['id']}")
    until(lambda: told(anna)["state"] == "finished")
    assert "the hub gives a cohort here 1 workers" in (hub.state / "log/servers/anna.log").read_text()
    assert (told(anna)["done"], told(anna)["failed"]) == (7, 1)
    assert told(anna)["errors"] == [{"patient": "3", "error": "ValueError: three is not a patient"}]
    asyncio.run(execute(hub, CHECK.format(count=8)))
    begun = (hub.state / "homes" / "anna" / "begun.txt").read_text().split()
    assert sorted(map(int, begun)) == list(range(8))


@pytest.mark.long
def test_a_cohort_survives_everything(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna", PASSWORD)
    asyncio.run(execute(hub, BEGIN.format(count=120, pause=0.3)))
    home = hub.state / "homes" / "anna"

    def done() -> int:
        return len(list((home / "cohorts/night/results").glob("*.json")))

    until(lambda: done() >= 5)
    for kernel in anna.api("GET", "api/kernels"):
        anna.api("DELETE", f"api/kernels/{kernel['id']}")
    seen = done()
    until(lambda: done() > seen + 2)
    for _ in range(4):  # the runner, the cohort's process or a task, whichever it hits
        if pids := processes(hub):
            os.kill(random.choice(pids), signal.SIGKILL)
        seen = done()
        until(lambda before=seen: done() > before + 2)
    anna.end_server()
    seen = done()
    anna.log_in()
    anna.server()
    until(lambda: done() > seen + 2)
    kill_hub(hub)
    seen = done()
    until(lambda: done() > seen + 2)  # servers outlive the hub
    hub.run("stop")
    seen = done()
    hub.run("up")
    until(lambda: done() > seen + 2)  # nobody logged in: the hub started the server again
    until(lambda: done() == 119)
    anna = hub.at_work("anna", PASSWORD)
    until(lambda: told(anna)["state"] == "finished")
    asyncio.run(execute(hub, CHECK.format(count=120)))
    begun = (home / "begun.txt").read_text().split()
    assert set(map(int, begun)) == set(range(120))
    assert len(begun) < 120 + 30  # only what was in work when something was killed was begun again


def kill_hub(hub: Hub) -> None:
    """Kill JupyterHub, which the supervisor starts again."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"SKRT_HUB_STATE={hub.state}".encode() in environ and b"skrt_hub.hub" in words:
            os.kill(int(folder.name), signal.SIGKILL)


@pytest.mark.long
def test_a_cohort_keeps_its_server_and_only_so_long(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(limits={"idle": "60 s"}, cohort={"awake": "180 s"})
    hub.run("up")
    anna = hub.at_work("anna", PASSWORD)
    asyncio.run(execute(hub, BEGIN.format(count=10_000, pause=0.5)))
    begun = time.monotonic()

    def runs() -> bool:
        return any(server["name"] == "anna" for server in hub.status()["servers"])

    for kernel in anna.api("GET", "api/kernels"):
        anna.api("DELETE", f"api/kernels/{kernel['id']}")
    while time.monotonic() - begun < 130:
        assert runs(), "it was ended as idle although a cohort runs"
        time.sleep(2)
    until(lambda: not runs())
    assert time.monotonic() - begun > 150


@pytest.mark.long
def test_a_task_without_memory_is_an_error_and_the_notebook_stays(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(limits={"memory": "700 MB"})
    hub.run("up")
    hub.at_work("anna", PASSWORD)
    text = """
from skrt_workspace import cohort
mine = bytearray(120_000_000)
def task(number):
    import time
    held = bytearray(3_000_000_000 if number == 1 else 1000)
    for start in range(0, len(held), 4096):
        held[start] = 1
    return number
status = cohort.run(task, range(3), name="large")
assert (status.done, status.failed) == (2, 1), status
assert "memory limit of 0.7 GB" in cohort.errors("large").error["1"], cohort.errors("large").to_dict()
assert len(mine) == 120_000_000
"""
    asyncio.run(execute(hub, text))


@pytest.mark.long
def test_people_share_the_workers(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(cohort={"workers": {"most": 1}}, limits={"cpu": 2})
    hub.run("up")
    people = {name: hub.at_work(name, PASSWORD) for name in ("anna", "bob")}

    async def begin(name: str) -> None:
        async with Participant(hub.url, name, PASSWORD) as person:
            await person.enter(Journey(name))
            await person.execute(BEGIN.format(count=10_000, pause=0.5))

    for name in people:
        asyncio.run(begin(name))
    # Until the hub's word has reached both: before, each goes on with one task.
    until(lambda: sorted(told(person)["running"] for person in people.values()) == [0, 1])
    most, end = 0, time.monotonic() + 500
    while not all(told(person)["done"] > 5 for person in people.values()):
        assert time.monotonic() < end, "one of them waits for ever"
        most = max(most, sum(told(person)["running"] for person in people.values()))
        time.sleep(0.5)
    assert most == 1


LOCAL = """
from distributed import Client, LocalCluster
cluster = LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="600MB")
client = Client(cluster)
assert client.submit(sum, [1, 2, 3]).result(timeout=60) == 6
open("link.txt", "w").write(cluster.dashboard_link + " " + cluster.scheduler_address)
"""


@pytest.mark.long
def test_dask_in_a_notebook_and_its_pages(make_hub: Callable[..., Hub]) -> None:
    """Within the sandbox's limits; the pages for their owner alone, and only where nobody else can listen there."""
    hub = make_hub(limits={"cpu": 2, "memory": "2 GB"})
    hub.run("up")
    anna = hub.at_work("anna", PASSWORD)
    asyncio.run(execute(hub, LOCAL))
    link, scheduler = (hub.state / "homes/anna/link.txt").read_text().split()
    if not link.startswith("/user/anna/"):
        assert link.startswith("http://127.0.0.1:"), "the sandbox shares the machine's network"
        port = link.split(":")[2].partition("/")[0]
        assert anna.get(f"user/anna/skrt/dask/here/{port}/status")[0] == 403
        return
    status, _, page = anna.get(link[1:])
    assert status == 200 and "bokeh" in page.lower()
    mallory = hub.at_work("mallory", PASSWORD)
    assert mallory.get(link[1:])[0] in (403, 404)
    host, _, port = scheduler.removeprefix("tcp://").rpartition(":")
    with pytest.raises(OSError):  # neither from the machine, where the tests are
        socket.create_connection((host, int(port)), timeout=3).close()
    text = f"""
import socket
for port in ({port}, {link.split("/here/")[1].partition("/")[0]}):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=3)
    except OSError:
        continue
    raise AssertionError("another participant's Dask can be reached")
"""
    asyncio.run(execute(hub, text, name="mallory"))
