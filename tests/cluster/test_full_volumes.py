"""Full volumes on a real cluster: the hub's own, and a participant's home. Both are small file systems of the node."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine.hub.test_faults import until
from tests.machine.hub.test_full_disk import fill
from tests.support.hubs import Person, Refused

from .conftest import Hub, at_work

FOLDER = os.environ.get("SKRT_HUB_TEST_NODE_FOLDER", "")
NAME, PORT, CLASS = "skrt-hub-full", 8776, "skrt-hub-small"
PASSWORD = "correct horse"

pytestmark = pytest.mark.skipif(
    not FOLDER or os.geteuid() != 0,
    reason="SKRT_HUB_TEST_NODE_FOLDER names no folder that the node shares with this machine, or this is not root",
)


def volume(folder: Path, **more: object) -> dict[str, object]:
    """A volume of the node that is this folder."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{NAME}-{folder.name}"},
        "spec": {
            "capacity": {"storage": "100Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "hostPath": {"path": str(folder)},
            **more,
        },
    }


@pytest.fixture(scope="module")
def disks() -> Iterator[dict[str, Path]]:
    """The folders of the two volumes, each a file system of 40 MB."""
    found = {what: Path(FOLDER) / f"{NAME}-{os.getpid()}" / what for what in ("hub", "home")}
    for folder in found.values():
        folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40M,mode=0777", "tmpfs", folder], check=True)
    storage = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": CLASS}}
    of_hub = {"claimRef": {"namespace": NAME, "name": "hub-db-dir"}}
    items = [
        {**storage, "provisioner": "kubernetes.io/no-provisioner"},
        volume(found["hub"], **of_hub),
        volume(found["home"]),
    ]
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    subprocess.run(["kubectl", "apply", "--filename=-"], input=document, text=True, check=True, timeout=60)
    yield found
    names = [f"storageclass/{CLASS}", *(f"persistentvolume/{NAME}-{what}" for what in found)]
    subprocess.run(["kubectl", "delete", "--ignore-not-found", "--wait=false", *names], check=True, timeout=60)
    for folder in found.values():
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()
    folder.parent.rmdir()


@pytest.fixture(scope="module")
def small(disks: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    one = Hub(tmp_path_factory.mktemp("full"), name=NAME, port=PORT)
    subprocess.run(["kubectl", "delete", "namespace", NAME, "--ignore-not-found"], check=True, timeout=200)
    values = {"prePuller": {"hook": {"enabled": False}}, "hub": {"db": {"pvc": {"storageClassName": CLASS}}}}
    one.configure(kubernetes={"storage_class": CLASS, "values": values})
    one.run("up")
    yield one
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", NAME)


def person(hub: Hub, name: str) -> Person:
    one = Person(hub.url, name, PASSWORD)
    one.log_in()
    return one


def notes(hub: Hub) -> str:
    return "\n".join(hub.run("status")["notes"])


def comes_in(hub: Hub, name: str) -> bool:
    try:
        return bool(person(hub, name))
    except (Refused, OSError, AssertionError):
        return False


def test_a_full_volume_of_the_hub_locks_nobody_out(small: Hub, disks: dict[str, Path]) -> None:
    anna = at_work(small, "anna", PASSWORD)
    anna.api("PUT", "api/contents/note.txt", {"type": "file", "format": "text", "content": "kept"})
    assert "is full" not in notes(small)
    filling = fill(disks["hub"])
    assert "The volume of the hub is full" in notes(small)
    small.run("close")
    small.run("open", "--no-browser")
    assert anna.api("GET", "api/contents/note.txt")["content"] == "kept"
    with pytest.raises(Refused, match="disk is full"):
        person(small, "newcomer")
    assert person(small, "anna").get("user/anna/api/contents/note.txt")[0] == 200
    small.kubectl("delete", "pod", "--selector=component=hub")
    time.sleep(20)
    for file in filling:
        file.unlink()
    until(lambda: comes_in(small, "newcomer"), 150)
    assert "is full" not in notes(small)
    assert anna.api("GET", "api/contents/note.txt")["content"] == "kept"


def test_a_full_home_can_be_read_and_its_owner_is_told(small: Hub, disks: dict[str, Path]) -> None:
    anna = at_work(small, "anna", PASSWORD)
    anna.api("PUT", "api/contents/note.txt", {"type": "file", "format": "text", "content": "kept"})
    filling = fill(disks["home"])
    for _ in range(2):
        anna.end_server(deadline=120)
        anna = at_work(small, "anna", PASSWORD)
        assert anna.api("GET", "api/contents/note.txt")["content"] == "kept"
        told = " ".join(notice["text"] for notice in anna.api("GET", "skrt/notices")["notices"])
        assert "Your home is full" in told
        rows = {row["name"]: row for row in small.run("status")["servers"]}
        assert rows["anna"]["state"] == "running"
    for file in filling:
        file.unlink()
    assert anna.api("PUT", "api/contents/note.txt", {"type": "file", "format": "text", "content": "with room"})
