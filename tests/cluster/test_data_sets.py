"""A set of data on a real cluster: fetched, in a volume of its own, read by participants and written by nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Hub
from .test_shared import CLASS, PLACE, kubectl, on_node, says, volume

SEEN = """
print(open("/data/scans/ct/1.txt").read(), open("/data/scans/CITATION.txt").read().split("Licence: ")[1].split()[0])
try:
    open("/data/scans/new", "w")
except OSError as error:
    print(type(error).__name__, error.errno)
"""


@pytest.fixture
def room(hub: Hub, tmp_path: Path) -> Iterator[Hub]:
    """A hub on a cluster with one volume that many pods may mount."""
    image = json.loads((hub.state / "kubernetes" / "values.json").read_text())["singleuser"]["image"]
    named = f"{image['name']}:{image['tag']}"
    on_node(named, "bash", "-c", f"mkdir -p {PLACE}/1 && chmod 777 {PLACE}/1")
    metadata = {"name": CLASS}
    storage = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata}
    made = [storage | {"provisioner": "kubernetes.io/no-provisioner"}, volume(1)]
    kubectl("apply", "--filename=-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))
    yield hub
    hub.configure()
    hub.run("up")
    kubectl("delete", "pvc", "skrt-data-scans", "--namespace", hub.name, "--wait=false", check=False)
    kubectl("delete", "pv", f"{CLASS}-1", "--wait=false", check=False)
    kubectl("delete", "storageclass", CLASS, check=False)
    on_node(named, "rm", "-rf", PLACE)


def test_participants_read_a_set_that_was_fetched_while_the_hub_ran(room: Hub, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "ct").mkdir(parents=True)
    (own / "ct/1.txt").write_text("pixels")
    entry = {"name": "scans", "folder": str(own), "licence": "CC0"}
    room.configure(datasets=[entry], kubernetes={"shared_storage_class": CLASS})
    fetched = room.run("datasets", "fetch")
    assert fetched["sets"][0]["state"] == "there"
    assert any("start from now on" in line for line in fetched["done"])
    said = asyncio.run(says(room, "dora", SEEN))
    assert "pixels CC0" in said
    assert "OSError 30" in said  # a read-only file system
    assert room.run("datasets", "fetch")["sets"] == fetched["sets"]
    assert not room.run("up")["changed"]
    removed = room.run("datasets", "remove", "scans")
    assert any("its volume goes" in line for line in removed["done"])
