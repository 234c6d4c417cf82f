"""The cluster suite: a real cluster and the real chart; skipped, with the reason, where they are not named.

    make test-cluster                      # or: pytest tests/cluster
    SKRT_HUB_TEST_CHART=FOLDER             the chart (tests/cluster/prepare_chart.py makes one from a clone)
    SKRT_HUB_TEST_LOAD="my-tool {image}"   brings an image to the nodes of a cluster of another kind
    SKRT_HUB_TEST_IMAGE=NAME               an image that is on the nodes already, in place of building one

kubectl's current context must be the cluster's. Everything happens in namespaces of its own, removed at the end.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support import json_output
from tests.support.browsers import chromium
from tests.support.hubs import Person

CHART = os.environ.get("SKRT_HUB_TEST_CHART", "")
NAME, PORT = "skrt-hub-test", 8765
LONGEST = 1800
"""Seconds that a test may take; the first of all builds the participants' image, too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.timeout(LONGEST))
        if not CHART:
            item.add_marker(pytest.mark.skip(reason="SKRT_HUB_TEST_CHART names no chart"))


@dataclass
class Hub:
    """skrt-hub's command line, with a hub.yaml and a state folder of its own."""

    folder: Path
    name: str = NAME
    port: int = PORT
    python: str = sys.executable

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def configure(self, **changes: Any) -> None:
        """Write hub.yaml; `kubernetes` is merged, everything else replaced."""
        kubernetes: dict[str, Any] = {"chart": CHART, "time_limit": "5 min", **changes.pop("kubernetes", {})}
        image = {"load": os.environ.get("SKRT_HUB_TEST_LOAD", ""), "name": os.environ.get("SKRT_HUB_TEST_IMAGE", "")}
        kubernetes.setdefault("image", {key: value for key, value in image.items() if value})
        # An image that is on the nodes needs no look whether it can be pulled.
        kubernetes.setdefault("values", {"prePuller": {"hook": {"enabled": False}}})
        document = {"name": self.name, "target": "kubernetes", "port": self.port, **changes, "kubernetes": kubernetes}
        (self.folder / "hub.yaml").write_text(json.dumps(document), encoding="utf-8")

    def command(self, *words: str) -> list[str]:
        config = ("--config", str(self.folder / "hub.yaml"), "--state", str(self.state))
        return [self.python, "-m", "skrt_hub", *config, *words]

    def run(self, *words: str, code: int = 0, deadline: float = LONGEST) -> dict[str, Any]:
        """Run a command with --json; the answer. Fails where it ends with another code."""
        done = subprocess.run(
            [*self.command(*words), "--json"], capture_output=True, text=True, timeout=deadline, check=False
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        answer: dict[str, Any] = json.loads(done.stdout)
        json_output.validate(words, answer)
        return answer

    def kubectl(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["kubectl", f"--namespace={self.name}", *words], capture_output=True, text=True, timeout=120, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def history(self) -> list[dict[str, Any]]:
        done = subprocess.run(
            ["helm", "history", self.name, f"--namespace={self.name}", "--output=json"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        rows: list[dict[str, Any]] = json.loads(done.stdout or "[]")
        return rows

    def wait_for(self, what: str, seconds: float = 60) -> None:
        """Wait until the hub's state is `what`."""
        end = time.monotonic() + seconds
        while self.run("status")["state"] != what:
            assert time.monotonic() < end, f"the hub did not become {what}"
            time.sleep(1)


def at_work(hub: Hub, name: str, password: str) -> Person:
    """Somebody who has logged in, with a server that runs."""
    one = Person(hub.url, name, password)
    one.log_in()
    one.get("hub/spawn")
    one.server(deadline=240)
    return one


def this_machine() -> str:
    """The address at which pods reach what the tests run beside them."""
    nodes = subprocess.run(["kubectl", "get", "nodes", "--output=json"], capture_output=True, check=True, timeout=60)
    addresses = json.loads(nodes.stdout)["items"][0]["status"]["addresses"]
    node = next(row["address"] for row in addresses if row["type"] == "InternalIP")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((node, 9))
        return os.environ.get("SKRT_HUB_TEST_ADDRESS") or str(probe.getsockname()[0])


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that is up; removed with everything at the end."""
    one = Hub(tmp_path_factory.mktemp("hub"))
    subprocess.run(["kubectl", "delete", "namespace", one.name, "--ignore-not-found"], check=True, timeout=200)
    one.configure()
    one.run("up")
    yield one
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", one.name)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    with chromium() as started:
        yield started
