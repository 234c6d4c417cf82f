"""A whole hub in one container, for the tests: started as a new user would, with no option but the port and the volume.

Needs Docker, and the image that `make container` built. SKRT_HUB_TEST_ENGINE=podman takes Podman.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.bench.participant import Journey, Participant

ENGINE = os.environ.get("SKRT_HUB_TEST_ENGINE", "docker")
IMAGE = "skrt-hub"
PASSWORD = "a long enough password"


def docker(*words: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([ENGINE, *words], input=stdin, text=True, capture_output=True, timeout=1500, check=False)
    assert done.returncode == 0 or not check, f"{ENGINE} {' '.join(words)}: {done.stdout}{done.stderr}"
    return done


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    there = shutil.which(ENGINE) and docker("image", "inspect", IMAGE, check=False).returncode == 0
    for item in here:
        item.add_marker(pytest.mark.timeout(1800))
        if not there:
            item.add_marker(pytest.mark.skip(reason="needs Docker and the image; type: make container"))


@dataclass(frozen=True)
class Container:
    """A hub in a container; commands are typed as its organiser types them."""

    name: str
    volume: str
    options: tuple[str, ...] = ()

    def run(self) -> None:
        told = ("--name", self.name, "-p", "127.0.0.1::8000", "-v", f"{self.volume}:/var/lib/skrt-hub")
        docker("run", "-d", *told, *self.options, IMAGE)
        end = time.monotonic() + 240
        while time.monotonic() < end:
            if " is up: " in docker("logs", self.name).stdout:
                return
            time.sleep(1)
        raise AssertionError(docker("logs", self.name).stderr)

    @property
    def url(self) -> str:
        return f"https://{docker('port', self.name, '8000').stdout.split()[0]}/"

    def configure(self, **settings: Any) -> None:
        """Write hub.yaml in its folder, and hand it to the hub."""
        docker("exec", "-i", self.name, "sh", "-c", "cat > /hub/hub.yaml", stdin=json.dumps(settings))
        self.hub("up")

    def anew(self) -> None:
        """A new container with the volume of the old one."""
        docker("stop", "-t", "40", self.name)
        docker("rm", self.name)
        self.run()

    def hub(self, *words: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        return docker("exec", "-i", self.name, "skrt-hub", *words, stdin=stdin, check=check)

    def let_in(self, *names: str) -> None:
        self.hub("participants", "add", *names)
        for name in names:
            self.hub("participants", "password", name, stdin=f"{PASSWORD}\n")

    def remove(self) -> None:
        docker("rm", "-f", self.name, check=False)
        docker("volume", "rm", "-f", self.volume, check=False)


@contextmanager
def running(*options: str) -> Iterator[Container]:
    """A hub in a container with these options of `docker run`, removed with its volume."""
    mark = secrets.token_hex(3)
    made = Container(f"skrt-hub-test-{mark}", f"skrt-hub-test-{mark}", options)
    try:
        made.run()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def hub() -> Iterator[Container]:
    with running() as made:
        yield made


async def walk(url: str, *names: str) -> list[Journey]:
    """From the log-in form to the first CT slice, all at once."""

    async def one(name: str) -> Journey:
        journey = Journey(name, time.monotonic())
        async with Participant(url, name, PASSWORD) as person:
            await person.walk(journey)
        return journey

    return list(await asyncio.gather(*map(one, names)))


async def _at_work(url: str, name: str, kernel: str, *cells: str) -> None:
    async with Participant(url, name, PASSWORD, kernel_name=kernel) as person:
        await person.enter(Journey(name))
        for cell in cells:
            await person.execute(cell)


def at_work(hub: Container, name: str, *cells: str, kernel: str = "python3") -> None:
    """Log in as somebody and run cells."""
    asyncio.run(_at_work(hub.url, name, kernel, *cells))
