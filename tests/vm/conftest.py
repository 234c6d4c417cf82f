"""The virtual machine of these tests, and hubs in it; skipped, with the reason, where there can be none."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from skrt_hub.environment import ensure_environment
from tests.support.hubs import Person, free_port

from .virtual_machine import USER, VirtualMachine, emulated, lacking, running

PROJECT = Path(__file__).parents[2]
PATIENCE = 15 if emulated() else 1
"""How many times as long everything may take."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    why = lacking() if here else ""
    for item in here:
        item.add_marker(pytest.mark.timeout(600 * PATIENCE))
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


def _environments() -> Path:
    given = os.environ.get("SKRT_HUB_ENVIRONMENTS")
    return Path(given) if given else Path(platformdirs.user_cache_dir("skrt-hub-tests")) / "environments"


@pytest.fixture(scope="session")
def machine() -> Iterator[VirtualMachine]:
    """A machine that sees skrt-hub, the Python of both, and the participants' environment."""
    environments = ensure_environment(_environments()).folder.parent
    shown = dict.fromkeys((Path(sys.base_prefix), PROJECT, Path(sys.prefix), environments))
    alone = [path for path in shown if not any(path != other and path.is_relative_to(other) for other in shown)]
    with running(*alone, own=environments) as started:
        yield started


@dataclass
class HubInside:
    """A hub in the machine, of the ordinary user or of root."""

    machine: VirtualMachine
    user: str
    port: int

    @property
    def folder(self) -> str:
        return f"{'/root' if self.user == 'root' else f'/home/{self.user}'}/{self.name}"

    @property
    def name(self) -> str:
        return f"of-{self.user}"

    def configure(self, **settings: Any) -> None:
        document = {"name": self.name, "port": self.port, **settings}
        self.machine.ssh(self.user, f"mkdir -p {self.folder}")
        self.machine.write(self.user, f"{self.folder}/hub.yaml", json.dumps(document))

    def run(self, *words: str, code: int = 0) -> str:
        """A command, as its organiser types it."""
        typed = f"cd {self.folder} && SKRT_HUB_ENVIRONMENTS={_environments()} {sys.prefix}/bin/skrt-hub"
        done = self.machine.ssh(self.user, f"{typed} {' '.join(words)}", check=False, deadline=600 * PATIENCE)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout

    def up(self) -> None:
        """Up, and again where the first was impatient with a slow machine."""
        typed = f"cd {self.folder} && SKRT_HUB_ENVIRONMENTS={_environments()} {sys.prefix}/bin/skrt-hub up"
        for _ in range(PATIENCE):
            done = self.machine.ssh(self.user, typed, check=False, deadline=600)
            if done.returncode == 0:
                return
            assert "waiting for the log-in page" in done.stdout + done.stderr, done.stdout + done.stderr
        raise AssertionError(done.stdout + done.stderr)

    def status(self) -> dict[str, Any]:
        # A hub that was killed has an exit code of its own.
        typed = f"cd {self.folder} && {sys.prefix}/bin/skrt-hub status --json"
        document: dict[str, Any] = json.loads(self.machine.ssh(self.user, typed, check=False).stdout)
        return document

    def wait_for(self, state: str, seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds * PATIENCE
        while (now := self.status())["state"] != state:
            assert time.monotonic() < end, now
            time.sleep(1)
        return now

    def person(self, name: str) -> Person:
        """Somebody with a browser on this machine, which is led to the one inside."""
        return Person(f"http://127.0.0.1:{self.machine.lead_to(self.port)}/", name, "correct horse")

    def at_work(self, name: str) -> Person:
        person = self.person(name)
        person.log_in()
        person.server(60 * PATIENCE)
        return person

    def scopes(self) -> list[str]:
        """The control groups of this hub that there are, by their paths."""
        found = "find /sys/fs/cgroup -type d -name 'skrt-hub-*'"
        return sorted(self.machine.ssh("root", found).stdout.split())


@pytest.fixture(scope="module", params=[USER, "root"])
def hub(machine: VirtualMachine, request: pytest.FixtureRequest) -> Iterator[HubInside]:
    """A hub that is up, first an ordinary user's, whose service manager stays, then root's."""
    one = HubInside(machine, request.param, free_port())
    if one.user != "root":
        machine.ssh(one.user, "loginctl enable-linger")
    one.configure(participants=["anna", "bert"], limits={"memory": "600 MB"})
    one.up()
    yield one
    one.run("stop")
