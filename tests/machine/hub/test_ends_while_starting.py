"""The hub is stopped, started anew or killed while servers start: none is left running, doubled or called failed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hubs import Hub

from .test_faults import answers, pid_of, until


def sandboxes(hub: Hub) -> list[str]:
    """The processes that have a home of this hub mounted."""
    found = []
    for mounts in Path("/proc").glob("[0-9]*/mountinfo"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if f"{hub.state}/homes/" in mounts.read_text(encoding="utf-8"):
                found.append(mounts.parent.name)
    return found


@pytest.mark.long
@pytest.mark.parametrize("fork_server", [False, True])
def test_stopping_while_servers_start_leaves_none_of_them_and_says_of_none_that_it_failed(
    make_hub: Callable[..., Hub], fork_server: bool
) -> None:
    hub = make_hub(fork_server=fork_server)
    hub.run("up")
    people = [hub.person(name) for name in ("anna", "bob", "carl", "dora")]
    own = hub.state / "homes" / "anna" / ".jupyter"
    for person in people:
        person.log_in()  # its server starts now
        if person.name == "anna":  # own settings would be left out at a second try
            own.mkdir(parents=True, exist_ok=True)
            (own / "jupyter_server_config.py").write_text("c = get_config()\n", encoding="utf-8")
    give_up = time.monotonic() + 60
    while not (hub.state / "run/servers/dora.json").exists() and time.monotonic() < give_up:
        time.sleep(0.01)  # until the last one's process is there, and does not answer yet
    hub.run("stop")
    status = hub.status()
    assert (status["state"], status["servers"]) == ("stopped", [])
    assert sandboxes(hub) == []
    hub.run("start")
    assert hub.status()["servers"] == []
    for person in people:
        person.log_in()
        person.server()
    assert {server["name"]: server["state"] for server in hub.status()["servers"]} == {
        person.name: "running" for person in people
    }


@pytest.mark.long
@pytest.mark.parametrize("how", ["changed settings", "killed"])
@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_a_hub_that_ends_while_servers_start_leaves_nobody_with_two_or_with_none(
    make_hub: Callable[..., Hub], how: str, seconds: float
) -> None:
    hub = make_hub(fork_server=False)
    hub.run("up")
    people = [hub.person(name) for name in ("anna", "bob", "carl")]
    for person in people:
        person.log_in()
    time.sleep(seconds)
    if how == "killed":
        first = pid_of(hub, "hub")
        os.kill(first, signal.SIGKILL)
        until(lambda: "pid" in hub.status()["components"]["hub"] and pid_of(hub, "hub") != first and answers(hub))
    else:
        hub.configure(fork_server=False, limits={"idle": "2 h"})
        hub.run("up")
    for person in people:
        person.log_in()  # whose server had not begun meets the page that starts it
        person.server()
    servers = hub.status()["servers"]
    assert sorted((server["name"], server["state"]) for server in servers) == [
        (person.name, "running") for person in people
    ]
    hub.run("stop")
    assert sandboxes(hub) == []
