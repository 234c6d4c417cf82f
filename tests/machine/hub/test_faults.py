"""What goes wrong on a real machine: each fault is named, nothing is lost, and `up` again just works."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hubs import Hub, Refused


def pid_of(hub: Hub, part: str) -> int:
    return int(hub.status()["components"][part].rpartition(" ")[2])


def until(condition: Callable[[], object], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


def answers(hub: Hub) -> bool:
    try:
        return hub.person("anna").get("hub/login")[0] == 200
    except OSError:
        return False


def test_a_taken_port_is_named_with_its_owner(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", hub.port))
        taken.listen()
        words = hub.run("up", code=7).stderr
    assert str(hub.port) in words
    assert f"pid {os.getpid()}" in words
    hub.run("up")


@pytest.mark.long
def test_two_ups_at_once_make_one_hub(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    command = [hub.tool.python, "-m", "skrt_hub", "up", "--config", hub.root / "hub.yaml", "--state", hub.state]
    both = [
        subprocess.Popen(command, env=hub.tool.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")
        for _ in range(2)
    ]
    ends = [process.communicate(timeout=120) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 8], [0, 0]), ends
    assert hub.status()["state"] == "running"


def test_a_killed_hub_finds_its_servers_again(running: Hub) -> None:
    hub = running
    anna = hub.at_work("anna")
    anna.api("POST", "api/kernels", {"name": "python3"})
    kernels = [kernel["id"] for kernel in anna.api("GET", "api/kernels")]
    first = pid_of(hub, "hub")
    os.kill(first, signal.SIGKILL)
    until(lambda: "pid" in hub.status()["components"]["hub"] and pid_of(hub, "hub") != first and answers(hub))
    assert [kernel["id"] for kernel in anna.api("GET", "api/kernels")] == kernels


def test_a_killed_proxy_is_back_with_the_same_routes(running: Hub) -> None:
    hub = running
    anna = hub.person("anna")
    anna.log_in()
    address = anna.server()
    os.kill(pid_of(hub, "proxy"), signal.SIGKILL)
    until(lambda: answers(hub) and anna.get(address)[0] == 200)


@pytest.mark.long
def test_an_interrupted_up_goes_on_at_the_next(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    command = [hub.tool.python, "-m", "skrt_hub", "up", "--config", hub.root / "hub.yaml", "--state", hub.state]
    for pause in (0.3, 0.8, 1.5):
        process = subprocess.Popen(
            command, env=hub.tool.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/"
        )
        time.sleep(pause)
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=60)
        assert process.returncode in (0, 130, -signal.SIGINT), words
        assert "Traceback" not in words or pause < 0.5  # before the program has begun it is Python's own
    hub.run("up")
    assert answers(hub)


@pytest.mark.long
def test_a_damaged_database_is_refused_kept_and_a_copy_offered(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    hub.person("anna").log_in()
    hub.run("stop")
    hub.run("start")
    hub.run("stop")
    database = hub.state / "hub/jupyterhub.sqlite"
    database.write_bytes(b"SQLite format 3\0" + os.urandom(20_000))
    damaged = database.read_bytes()
    words = hub.run("start", code=9).stderr
    assert "damaged" in words and str(database) in words
    assert database.read_bytes() == damaged
    copy = max((hub.state / "hub/copies").glob("jupyterhub.sqlite.*"))
    assert str(copy) in words
    database.write_bytes(copy.read_bytes())
    hub.run("start")


def test_a_folder_that_cannot_be_written_to_is_named(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    hub = make_hub()
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    done = hub.tool.run("up", "--config", hub.root / "hub.yaml", "--state", blocker / "state")
    assert done.returncode == 10
    assert str(blocker) in done.stderr


def test_a_broken_hub_yaml_changes_nothing(running: Hub) -> None:
    hub = running
    (hub.root / "hub.yaml").write_text("port: eighty\n")
    assert "line 1" in hub.run("up", code=3).stderr
    hub.configure()
    assert "in the background" in hub.run("up", "--foreground", code=9).stderr
    assert hub.status()["state"] == "running"


@pytest.mark.parametrize("verb", ["start", "stop", "open", "close", "logs", "verify"])
def test_commands_on_no_hub_say_what_to_type(make_hub: Callable[..., Hub], verb: str) -> None:
    words = make_hub().run(verb, code=9).stderr
    assert "skrt-hub up" in words


def test_errors_are_json_where_json_is_asked(make_hub: Callable[..., Hub]) -> None:
    document = json.loads(make_hub().run("start", "--json", code=9).stdout)
    assert document["exit_code"] == 9
    assert document["remedy"]


def parent_of(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text[text.rindex(")") + 2 :].split()[1])


@pytest.mark.long
def test_lost_accounts_are_refused_with_their_copy_and_open_no_home(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    hub.at_work("anna")
    hub.run("stop")
    hub.run("start")  # copies are made before each start
    hub.run("stop")
    accounts = hub.state / "hub/accounts.json"
    accounts.unlink()
    words = hub.run("start", code=9).stderr
    copy = max((hub.state / "hub/copies").glob("accounts.json.*"))
    assert "missing" in words and f"cp -p {copy}" in words
    assert "missing" in hub.run("participants", code=9).stderr
    for left in (hub.state / "hub/copies").iterdir():
        left.unlink()
    assert "without an account: anna" in hub.run("start").stderr
    with pytest.raises(Refused, match="password was lost"):
        hub.person("anna", "a stranger's own").log_in()
    hub.person("bob").log_in()
    hub.run("participants", "forget", "anna")
    hub.person("anna", "a new password").log_in()
