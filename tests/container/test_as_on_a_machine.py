"""What a hub does on a machine it does in a container, too: environments, shared folders, measurements, copies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Container, at_work, docker

SETTINGS = {
    "port": 8000,
    "address": "lan",
    "tls": "class",
    "participants": [
        {"login": "anna", "group": "lab"},
        {"login": "bob", "group": "lab"},
        {"login": "chris", "group": "other"},
    ],
}
SHARED = [{"name": "project", "groups": ["lab"]}, {"name": "board", "write": False}]
ENVIRONMENT = {"packages": ["tabulate"], "others": [{"name": "tables", "packages": ["prettytable"]}]}
OWN = "import tabulate, skrt, sys; assert sys.prefix.startswith('/var/lib/skrt-hub/'), sys.prefix"
FURTHER = """
import importlib.util, prettytable, skrt, sys
assert importlib.util.find_spec("tabulate") is None and sys.prefix.startswith("/var/lib/skrt-hub/"), sys.prefix
"""
NOBODY_ELSE = """
import pathlib
for path in ("/shared/project", "/shared/project/a.txt"):
    try:
        pathlib.Path(path).open().read() if path.endswith("txt") else list(pathlib.Path(path).iterdir())
    except OSError:
        continue
    raise AssertionError(path)
try:
    pathlib.Path("/shared/board/mine.txt").write_text("I was here")
except OSError:
    pass
else:
    raise AssertionError("others only read there")
"""


@pytest.fixture(scope="module")
def room(hub: Container) -> Container:
    """The hub with a list of people, each with a password."""
    hub.configure(**SETTINGS)
    for name in ("anna", "bob", "chris"):
        hub.hub("participants", "password", name, stdin="a long enough password\n")
    return hub


def test_a_group_shares_a_folder_and_nobody_else_is_in_it(room: Container) -> None:
    room.configure(**SETTINGS, shared=SHARED)
    at_work(
        room,
        "anna",
        "import pathlib; pathlib.Path('/shared/project/a.txt').write_text('of anna')",
        "assert pathlib.Path.home().joinpath('project/a.txt').read_text() == 'of anna', 'the link in the home'",
    )
    at_work(
        room,
        "bob",
        "import pathlib; file = pathlib.Path('/shared/project/a.txt'); assert file.read_text() == 'of anna'",
        "file.write_text('of both')",
    )
    at_work(room, "anna", "import pathlib; assert pathlib.Path('/shared/project/a.txt').read_text() == 'of both'")
    at_work(room, "chris", NOBODY_ELSE)


def test_homes_are_saved_and_brought_back(room: Container) -> None:
    at_work(room, "anna", "import pathlib; pathlib.Path.home().joinpath('work.txt').write_text('a day')")
    room.hub("save", "--to", "/hub/copies")
    at_work(room, "anna", "import pathlib; pathlib.Path.home().joinpath('work.txt').unlink()")
    room.hub("participants", "restart", "anna", check=False)
    room.hub("restore", "--from", "/hub/copies", "anna")
    at_work(room, "anna", "import pathlib; assert pathlib.Path.home().joinpath('work.txt').read_text() == 'a day'")


@pytest.mark.long
def test_bench_and_rehearse_measure(room: Container) -> None:
    (system,) = json.loads(room.hub("bench", "--people", "3", "--json").stdout)["systems"]
    assert system["people"] == 3 and not system.get("failures")
    rehearsed = json.loads(room.hub("rehearse", "--people", "2", "--minutes", "3", "--json").stdout)
    assert rehearsed["steps"]


@pytest.mark.long
def test_own_environments_are_in_the_volume_and_are_not_built_again(room: Container) -> None:
    room.configure(**SETTINGS, environment=ENVIRONMENT)
    for name in ("anna", "bob"):  # a running server keeps its environments
        room.hub("participants", "restart", name)
    at_work(room, "anna", FURTHER, kernel="tables")
    at_work(room, "bob", OWN)
    verified = json.loads(room.hub("verify", "--quick", "--json").stdout)["rows"]
    assert {row["environment"] for row in verified} == {"", "tables"}
    room.anew()
    told = docker("logs", room.name)
    assert "participants' environment:" not in told.stdout + told.stderr, "it was built again"
    at_work(room, "anna", FURTHER, kernel="tables")
    at_work(room, "bob", OWN)


@pytest.mark.long
def test_thirty_at_once_beside_a_hub_on_this_machine(hub: Container, tmp_path: Path) -> None:
    """Both in one run, so that the machine is the same. A container costs a little, and no more."""
    words = ("bench", "--people", "30", "--temporary", "--json")
    inside = json.loads(hub.hub(*words).stdout)
    done = subprocess.run(
        [sys.executable, "-m", "skrt_hub", "--state", tmp_path / "state", *words],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=1500,
    )  # fmt: skip
    outside = json.loads(done.stdout)
    found = {}
    for where, report in (("container", inside), ("machine", outside)):
        (system,) = report["systems"]
        assert not system["failures"], (where, system["failures"])
        assert system["people"] == 30
        found[where] = system
    last = {where: system["stages"]["slice"]["last"] for where, system in found.items()}
    print(f"the last of 30 had a slice after {last} s")
    assert last["container"] < 1.5 * last["machine"] + 2
