"""Memory of every kind that a sandbox can make the kernel keep: refused, or seen by the hub's own watch.

The watch looks as the user that the hub runs as; here each kind is filled to twice a limit of 200 MB.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.audit.inside.limits import _FILL
from skrt_hub.hub.sandboxing import in_memory
from skrt_workspace.sandbox.identity import is_alive

from . import hidden_memory
from .conftest import SOURCE
from .hidden_memory import KINDS

Hub = Any
LIMIT = 200 * 10**6
LOOK = """
import importlib.util, sys
found = importlib.util.spec_from_file_location("memory", sys.argv[1] + "/skrt_hub/hub/memory.py")
memory = sys.modules["memory"] = importlib.util.module_from_spec(found)
found.loader.exec_module(memory)
print(memory.total(int(sys.argv[2]), memory.children_by_parent()))
"""


def seen(hub: Hub, pid: int) -> int:
    command = [hub.python, "-I", "-c", LOOK, str(SOURCE), str(pid)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", env={}, **hub.user)
    return int(done.stdout)


@pytest.mark.parametrize("kind", ["heap", "shared", "/tmp", "/dev/shm", "unlinked", "memfd", "sockets", "pipes"])
def test_each_kind_is_refused_or_counts(hub: Hub, kind: str) -> None:
    fill_twice(hub, kind, _FILL)


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_no_process_shows_is_refused_or_counts(hub: Hub, kind: str) -> None:
    """Kept by the kernel in buffers, tables and semaphores, or of pages that their program has let go."""
    fill_twice(hub, kind, Path(hidden_memory.__file__).read_text(encoding="utf-8"))


def fill_twice(hub: Hub, kind: str, program: str) -> None:
    home = hub.home("bob")
    places = [{"inside": place.inside, "size": place.size} for place in in_memory(LIMIT)]
    fill = [hub.python, "-I", "-c", program, kind, str(2 * LIMIT), "40"]
    limits = {"open_files": 4096, "processes": 128}
    identity = hub.start(hub.document(home, fill, temporary=places, limits=limits))
    most, end = 0, time.monotonic() + 20
    while most <= LIMIT and is_alive(identity) and time.monotonic() < end:
        most = max(most, seen(hub, identity.pid))
        time.sleep(0.1)
    if most > LIMIT:
        return  # the watch ends the program now
    said = Path(hub.root / "bob.log").read_text(encoding="utf-8").split()
    assert said, f"it goes on, and only {most / 1e6:.0f} MB are seen"
    assert int(said[0]) <= LIMIT, f"it filled {int(said[0]) / 1e6:.0f} MB, and {most / 1e6:.0f} MB were seen"
    assert int(said[1]) != 0
    if kind == "memfd":
        assert os.strerror(int(said[1])) == "Function not implemented"


def test_a_full_folder_in_memory_leaves_the_server_its_share() -> None:
    for limit in (256 * 10**6, 2 * 10**9, 64 * 10**9):
        assert sum(place.size for place in in_memory(limit)) <= 0.7 * limit


def test_files_in_memory_count_while_nobody_has_them_open(hub: Hub) -> None:
    home = hub.home("bob")
    places = [{"inside": place.inside, "size": place.size} for place in in_memory(LIMIT)]
    script = "head -c 60000000 /dev/zero > /tmp/a; head -c 30000000 /dev/zero > /dev/shm/b; sleep 30"
    identity = hub.start(hub.document(home, ["/bin/bash", "-c", script], temporary=places))
    end = time.monotonic() + 20
    while seen(hub, identity.pid) < 90_000_000:
        assert time.monotonic() < end, f"{seen(hub, identity.pid)} bytes are seen"
        time.sleep(0.1)
