"""`target: container`: the command outside drives the container with the verbs that a hub on a machine has."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.hubs import free_port

from .conftest import docker, walk


@dataclass(frozen=True)
class Driven:
    """A folder with a hub.yaml, and the command in it."""

    folder: Path
    name: str
    port: int

    def configure(self, **settings: Any) -> None:
        document = {"name": self.name, "target": "container", "port": self.port, **settings}
        (self.folder / "hub.yaml").write_text(json.dumps(document), encoding="utf-8")

    def run(self, *words: str, code: int = 0) -> str:
        variables = {name: value for name, value in os.environ.items() if name != "SKRT_HUB_ENVIRONMENTS"}
        done = subprocess.run(
            [sys.executable, "-m", "skrt_hub", *words],
            cwd=self.folder, env=variables, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def state(self) -> str:
        return str(json.loads(self.run("status", "--json").split("\nHub “")[0])["state"])


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[Driven]:
    one = Driven(tmp_path, f"test-{secrets.token_hex(3)}", free_port())
    one.configure()
    yield one
    docker("rm", "-f", f"skrt-hub-{one.name}", check=False)
    docker("volume", "rm", "-f", f"skrt-hub-{one.name}", check=False)


@pytest.mark.long
def test_the_command_outside_drives_the_hub_within(driven: Driven) -> None:
    url = f"http://127.0.0.1:{driven.port}/"
    assert driven.state() == "absent"
    assert url in driven.run("up")
    assert all(journey.arrived for journey in asyncio.run(walk(url, "anna", "bob")))
    driven.run("close")
    assert driven.state() == "closed"
    driven.run("open")
    driven.run("save", "--to", "copies")
    assert (driven.folder / "copies").is_dir()
    assert "does not have" in driven.run("save", "--to", "/elsewhere/copies", code=2)
    driven.run("stop")
    assert driven.state() == "stopped"
    driven.run("start")
    assert driven.state() == "running"
    # A change that concerns the container: it is replaced, and has what the old one had.
    (driven.folder / "data").mkdir()
    driven.configure(data=[{"name": "scans", "folder": "data"}], limits={"memory": "1.5 GB"})
    driven.run("up")
    assert all(journey.arrived for journey in asyncio.run(walk(url, "anna")))
    driven.run("delete", "--homes", "--no-copies", "--confirm", driven.name)
    assert driven.state() == "absent"
