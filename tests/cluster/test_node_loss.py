"""A node of the cluster is lost: the hub answers, says so, and whoever worked there goes on elsewhere with their home.

SKRT_HUB_TEST_NODE=NAME            a node of several that may be lost
SKRT_HUB_TEST_LOSE="COMMAND"       ends it, with everything that runs there (minikube node stop NAME)
SKRT_HUB_TEST_FIND="COMMAND"       starts it again
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from tests.machine.hub.test_faults import until

from .conftest import Hub, at_work

NODE = os.environ.get("SKRT_HUB_TEST_NODE", "")
NAME, PORT = "skrt-hub-nodes", 8777
PASSWORD = "correct horse"
SOON = {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 20}
"""Has the cluster give up a pod of a lost node after 20 s in place of its usual 300."""

pytestmark = pytest.mark.skipif(not NODE, reason="SKRT_HUB_TEST_NODE names no node that may be lost")


def node_does(variable: str) -> None:
    subprocess.run(shlex.split(os.environ[variable]), check=True, timeout=300)


def cordon(*, hub_stays_off: bool) -> None:
    """Have new pods come on the node that will be lost, or on all others."""
    told = subprocess.run(["kubectl", "get", "nodes", "--output=json"], capture_output=True, check=True, timeout=60)
    for node in (row["metadata"]["name"] for row in json.loads(told.stdout)["items"]):
        word = "cordon" if (node == NODE) == hub_stays_off else "uncordon"
        subprocess.run(["kubectl", word, node], check=True, timeout=60, capture_output=True)


def node_is_ready() -> bool:
    path = "--output=jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    told = subprocess.run(
        ["kubectl", "get", "node", NODE, path], capture_output=True, text=True, timeout=60, check=False
    )
    return told.stdout == "True"


@pytest.fixture
def spread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub on the other nodes, and anna's server on the one that will be lost."""
    one = Hub(tmp_path_factory.mktemp("nodes"), name=NAME, port=PORT)
    subprocess.run(["kubectl", "delete", "namespace", NAME, "--ignore-not-found"], check=True, timeout=200)
    values = {"prePuller": {"hook": {"enabled": False}}, "singleuser": {"extraTolerations": [SOON]}}
    cordon(hub_stays_off=True)
    one.configure(kubernetes={"values": values})
    one.run("up")
    cordon(hub_stays_off=False)
    yield one
    node_does("SKRT_HUB_TEST_FIND")
    until(node_is_ready, 120)
    subprocess.run(["kubectl", "uncordon", NODE], check=False, timeout=60)
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", NAME)


def state(hub: Hub, name: str) -> str:
    rows = {row["name"]: row["state"] for row in hub.run("status")["servers"]}
    return str(rows.get(name, "none"))


def node_of(hub: Hub, name: str) -> str:
    return hub.kubectl("get", "pod", f"jupyter-{name}", "--output=jsonpath={.spec.nodeName}", check=False)


def test_a_lost_node_is_told_and_its_people_go_on_elsewhere(spread: Hub) -> None:
    anna = at_work(spread, "anna", PASSWORD)
    assert node_of(spread, "anna") == NODE
    anna.api("PUT", "api/contents/note.txt", {"type": "file", "format": "text", "content": "kept"})
    cordon(hub_stays_off=True)
    node_does("SKRT_HUB_TEST_LOSE")
    until(lambda: not node_is_ready(), 120)
    until(lambda: state(spread, "anna") == "lost", 60)
    assert NODE in "\n".join(spread.run("status")["notes"])
    assert anna.get("hub/home")[0] == 200
    at_work(spread, "ben", PASSWORD)
    assert node_of(spread, "ben") not in ("", NODE)

    subprocess.run(["kubectl", "delete", "node", NODE], check=True, timeout=60)
    until(lambda: state(spread, "anna") == "none", 300)
    again = at_work(spread, "anna", PASSWORD)
    assert again.api("GET", "api/contents/note.txt")["content"] == "kept"
    assert node_of(spread, "anna") not in ("", NODE)
    node_does("SKRT_HUB_TEST_FIND")
    until(node_is_ready, 120)
    assert again.api("GET", "api/contents/note.txt")["content"] == "kept"
    assert NODE not in "\n".join(spread.run("status")["notes"])
