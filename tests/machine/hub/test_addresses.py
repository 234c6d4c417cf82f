"""Nobody takes an address of the hub, at any moment; and what was killed comes back at the same ones."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import resource
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from skrt_hub.bench.participant import Journey, Participant
from skrt_workspace.sandbox.identity import identify, is_alive
from tests.support.hubs import Hub
from tests.support.tools import Tool

from .test_faults import answers, parent_of, pid_of, until

GREEDY = Path(__file__).with_name("greedy.py")


def ports_of(hub: Hub) -> dict[str, int]:
    """Every port that matters: the public one, the hub's own, and those of participants' servers."""
    applied = json.loads((hub.state / "hub.json").read_text(encoding="utf-8"))
    records = [json.loads(file.read_text(encoding="utf-8")) for file in (hub.state / "run/servers").glob("*.json")]
    servers = {record["name"]: record["port"] for record in records}
    return {"public": hub.port, **applied["ports"], **servers}


@contextlib.contextmanager
def attacked(hub: Hub) -> Iterator[Path]:
    """Meanwhile somebody tries to have each of the hub's ports. What they got stands in the file."""
    with tempfile.NamedTemporaryFile("w", suffix=".log") as output:
        words = [hub.tool.python, "-I", "-c", GREEDY.read_text("utf-8"), *map(str, ports_of(hub).values())]
        attacker = subprocess.Popen(words, stdout=output, **hub.tool.user)
        try:
            until(lambda: "begun" in Path(output.name).read_text(encoding="utf-8"))
            yield Path(output.name)
        finally:
            attacker.kill()
            attacker.wait()


def supervisor_of(hub: Hub) -> int:
    return parent_of(pid_of(hub, "hub"))


def watchdog_of(hub: Hub) -> int:
    found: dict[str, Any] = json.loads((hub.state / "run/watchdog.lock").read_text(encoding="utf-8"))
    return int(found["pid"])


def kill(hub: Hub, part: str) -> None:
    pids = {"supervisor": [supervisor_of], "watchdog": [watchdog_of], "both": [watchdog_of, supervisor_of]}
    for pid in [find(hub) for find in pids[part]] if part in pids else [pid_of(hub, part)]:
        os.kill(pid, signal.SIGKILL)


def run_in_notebook(hub: Hub, code: str) -> None:
    """Run a cell in anna's one notebook, whose kernel has the variables of the cells before it."""

    async def go() -> None:
        async with Participant(hub.url, "anna", "correct horse") as anna:
            await anna.enter(Journey("anna"))
            await anna.execute(code)

    asyncio.run(go())


@pytest.mark.long
def test_restarts_of_every_kind_give_no_address_away(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna")
    kernel = anna.api("POST", "api/kernels", {"name": "python3"})["id"]
    before = ports_of(hub)
    with attacked(hub) as log:
        hub.configure(limits={"idle": "2 h"})
        hub.run("up")
        hub.run("close")
        hub.run("open", "--no-browser")
        for part in ("proxy", "hub", "assets", "supervisor", "watchdog"):
            kill(hub, part)
            until(lambda: hub.status()["state"] == "running" and answers(hub), 60)
        assert [running["id"] for running in anna.api("GET", "api/kernels")] == [kernel]
        # A participant's server that ended, and one that starts again, on the same port.
        hub.person("anna").log_in()
        os.kill(json.loads((hub.state / "run/servers/anna.json").read_text())["process"]["pid"], signal.SIGKILL)
        until(lambda: hub.status()["servers"] == [])
        again = hub.at_work("anna")
        assert again.api("GET", "api/kernels") == []
        assert log.read_text(encoding="utf-8") == "begun\n"
    assert ports_of(hub) == before
    said = "".join(file.read_text(encoding="utf-8", errors="replace") for file in (hub.state / "log").rglob("*.log"))
    assert said
    assert "already in use" not in said, "nothing of the hub stands in its own way"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_fifty_restarts_give_no_byte_away(tool: Tool, make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(tool)
    hub.run("up")
    anna = hub.at_work("anna")
    with attacked(hub) as log:
        for number in range(50):
            kill(hub, ("supervisor", "proxy", "hub", "watchdog", "assets")[number % 5])
            until(lambda: hub.status()["state"] == "running" and answers(hub), 60)
            assert anna.get("user/anna/api/status")[0] == 200
        assert log.read_text(encoding="utf-8") == "begun\n"


@pytest.mark.long
def test_a_killed_supervisor_is_back_within_ten_seconds_and_status_tells(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    began = time.monotonic()
    hub.run("up")
    first = time.monotonic() - began  # on a machine with other things to do everything takes longer
    run_in_notebook(hub, "answer = 42")
    before = ports_of(hub)
    leftovers = [identify(pid_of(hub, part)) for part in ("hub", "proxy", "assets")]
    killed = supervisor_of(hub)
    kill(hub, "supervisor")
    began = time.monotonic()
    # The old parts may answer for another moment.
    until(lambda: json.loads((hub.state / "run/expected.json").read_text())["pid"] != killed and answers(hub))
    assert time.monotonic() - began < max(10, 2 * first)
    assert not any(is_alive(part) for part in leftovers)
    assert "was ended from outside" in hub.run("status").stdout
    run_in_notebook(hub, "assert answer == 42")
    assert ports_of(hub) == before
    hub.run("stop")
    assert hub.run("status").returncode == 0


@pytest.mark.long
def test_when_everything_is_killed_status_says_so_and_start_brings_it_back(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    run_in_notebook(hub, "answer = 42")
    parts = [identify(pid_of(hub, part)) for part in ("hub", "proxy", "assets")]
    kill(hub, "both")
    until(lambda: hub.run("status", "--json", code=None).returncode == 19)
    assert json.loads(hub.run("status", "--json", code=19).stdout)["state"] == "killed"
    until(lambda: not any(is_alive(part) for part in parts))
    hub.run("start")
    run_in_notebook(hub, "assert answer == 42")
    held = {one.laddr.port for one in psutil.Process(supervisor_of(hub)).net_connections("tcp")}
    assert ports_of(hub)["anna"] in held  # got back from the server itself
    hub.run("stop")
    assert "stopped" in hub.run("status").stdout


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_everything_killed_twenty_times_keeps_addresses_and_variables(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    run_in_notebook(hub, "answer = 42")
    before = ports_of(hub)
    for _ in range(20):
        parts = [identify(pid_of(hub, part)) for part in ("hub", "proxy", "assets")]
        kill(hub, "both")
        until(lambda gone=parts: not any(is_alive(part) for part in gone))
        hub.run("start")
        run_in_notebook(hub, "assert answer == 42")
        assert ports_of(hub) == before


def test_the_address_is_held_in_all_its_spellings(running: Hub) -> None:
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, running.port), timeout=5):
            pass
    held = {
        (connection.laddr.ip, connection.laddr.port)
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {("127.0.0.1", running.port), ("::1", running.port)} <= held


@pytest.mark.long
def test_address_and_port_change_on_a_running_hub(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna")
    kernel = anna.api("POST", "api/kernels", {"name": "python3"})["id"]
    hub.configure(address="0.0.0.0", login={"kind": "first-use", "beyond_loopback": True})
    hub.run("up")
    with socket.create_connection((own_address(), hub.port), timeout=5):
        pass
    assert [running["id"] for running in anna.api("GET", "api/kernels")] == [kernel]
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        hub.configure(port=other.getsockname()[1])
        assert "is taken by" in hub.run("up", code=7).stderr
    assert answers(hub)  # at the address of before
    hub.configure()
    hub.run("up")
    with pytest.raises(OSError):
        socket.create_connection((own_address(), hub.port), timeout=5)


def own_address() -> str:
    return next(
        one.address
        for name, found in psutil.net_if_addrs().items()
        for one in found
        if one.family == socket.AF_INET and name != "lo"
    )


@pytest.mark.long
def test_who_holds_all_ports_stops_nobody(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    until(lambda: "pid" in hub.status()["components"]["fork-server"])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 30_000:
        pytest.skip("this user may not open so many sockets")
    with contextlib.ExitStack() as held:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for port in range(10_000, 32_768):
            taken = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                taken.bind(("127.0.0.1", port))
        hub.at_work("anna")


def test_the_door_answers_programs_only(running: Hub) -> None:
    def ask(path: str) -> int:
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(str(running.state / "run/door/hub.sock"))
            door.sendall(f"GET {path} HTTP/1.0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n".encode())
            return int(door.makefile("rb").readline().split()[1])

    assert ask("/hub/api/") == 200
    assert ask("/hub/api/users") == 403
    assert ask("/hub/login") == ask("/hub/api-docs") == ask("/") == 404
    assert "203.0.113.9" not in (running.state / "log/hub.log").read_text(encoding="utf-8")


def test_the_end_of_a_server_is_noticed_at_once(running: Hub) -> None:
    ended = running.at_work("shortlived")
    record = json.loads((running.state / "run/servers/shortlived.json").read_text(encoding="utf-8"))
    os.kill(record["process"]["pid"], signal.SIGKILL)
    began = time.monotonic()
    until(lambda: ended.get("user/shortlived/api/status")[0] not in (200, 502, 504), 10)
    assert time.monotonic() - began < 5
    of_this_hub = hashlib.sha256(str(running.state).encode()).hexdigest()[:8]
    until(lambda: not list(Path("/sys/fs/cgroup").glob(f"*/skrt-hub-{of_this_hub}-shortlived")), 10)
