"""A whole hub in one container, started as a new user would: no option but the port and the volume.

Needs Docker, and the image that `make container` built.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from skrt_hub.bench.participant import Journey, Participant

IMAGE = "skrt-hub"
PASSWORD = "a long enough password"
SEEN_IN_A_CONTAINER = {"host_processes", "kernel_tables", "loopback_services", "metadata"}
"""What docs/how-to/container.md says of a plain container: names of programs, and its network, are shared."""


def docker(*words: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["docker", *words], input=stdin, text=True, capture_output=True, timeout=900, check=False)
    assert done.returncode == 0 or not check, f"docker {' '.join(words)}: {done.stdout}{done.stderr}"
    return done


pytestmark = pytest.mark.skipif(
    shutil.which("docker") is None or docker("image", "inspect", IMAGE, check=False).returncode != 0,
    reason="needs Docker and the image; type: make container",
)


@dataclass(frozen=True)
class Container:
    """A hub in a container; commands are typed as its organiser types them."""

    name: str
    volume: str

    def run(self) -> None:
        docker(
            "run", "-d", "--name", self.name, "-p", "127.0.0.1::8000", "-v", f"{self.volume}:/var/lib/skrt-hub", IMAGE
        )
        end = time.monotonic() + 240
        while time.monotonic() < end:
            if " is up: " in docker("logs", self.name).stdout:
                return
            time.sleep(1)
        raise AssertionError(docker("logs", self.name).stderr)

    @property
    def url(self) -> str:
        return f"https://{docker('port', self.name, '8000').stdout.split()[0]}/"

    def hub(self, *words: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        return docker("exec", "-i", self.name, "skrt-hub", *words, stdin=stdin, check=check)

    def let_in(self, *names: str) -> None:
        self.hub("participants", "add", *names)
        for name in names:
            self.hub("participants", "password", name, stdin=f"{PASSWORD}\n")

    def remove(self) -> None:
        docker("rm", "-f", self.name, check=False)
        docker("volume", "rm", "-f", self.volume, check=False)


@pytest.fixture(scope="module")
def hub() -> Iterator[Container]:
    mark = secrets.token_hex(3)
    made = Container(f"skrt-hub-test-{mark}", f"skrt-hub-test-{mark}")
    try:
        made.run()
        yield made
    finally:
        made.remove()


async def walk(url: str, *names: str) -> list[Journey]:
    """From the log-in form to the first CT slice, all at once."""

    async def one(name: str) -> Journey:
        journey = Journey(name, time.monotonic())
        async with Participant(url, name, PASSWORD) as person:
            await person.walk(journey)
        return journey

    return list(await asyncio.gather(*map(one, names)))


def test_two_participants_come_to_a_ct_slice(hub: Container) -> None:
    hub.let_in("anna", "chen")
    assert all(journey.arrived for journey in asyncio.run(walk(hub.url, "anna", "chen")))


def test_the_first_start_makes_the_organisers_code(hub: Container) -> None:
    assert "First log-in of the organiser organiser, with the code:" in docker("logs", hub.name).stdout


def test_check_finds_a_sandbox_and_asks_for_no_rights(hub: Container) -> None:
    said = hub.hub("check", "--json", check=False).stdout
    finding = next(one for one in json.loads(said)["findings"] if one["name"] == "sandbox")
    assert finding["ok"]
    assert "Landlock" in finding["found"]
    assert "privileged" not in said


def test_the_environment_passes_the_self_test(hub: Container) -> None:
    assert hub.hub("verify", "--quick", "--json").returncode == 0


def test_attempts_to_get_out_are_refused(hub: Container) -> None:
    rows: list[dict[str, Any]] = json.loads(hub.hub("audit", "--no-limits", "--json", check=False).stdout)["rows"]
    assert len(rows) > 20
    wrong = {row["probe"]: row["why"] for row in rows if row["outcome"] in ("reachable", "not tried")}
    assert set(wrong) <= SEEN_IN_A_CONTAINER, wrong


def test_a_new_container_has_everything_of_the_old_one(hub: Container) -> None:
    write = (
        "from pathlib import Path; p = next(Path('/var/lib/skrt-hub').glob('*/homes/anna')); (p / 'kept.txt').touch()"
    )
    docker("exec", hub.name, "/opt/skrt-hub/bin/python", "-c", write)
    docker("stop", "-t", "40", hub.name)
    docker("rm", hub.name)
    hub.run()
    assert all(journey.arrived for journey in asyncio.run(walk(hub.url, "anna")))
    assert "kept.txt" in docker("exec", hub.name, "sh", "-c", "ls /var/lib/skrt-hub/*/homes/anna").stdout
