"""A folder that a group shares, on a real cluster: a volume that two pods mount, and one who does not have it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Hub
from .participant import Participant

CLASS = "skrt-hub-test-shared"
PLACE = "/var/tmp/skrt-hub-test-shared"
PEOPLE = [{"login": "anna", "group": "lab"}, {"login": "bob", "group": "lab"}, {"login": "chris", "group": "other"}]
SHARED = [{"name": "project", "groups": ["lab"], "size": "1 GB"}, {"name": "board", "write": False, "size": "1 GB"}]
ODD = """
import os
for what in ("os.symlink('/home/jovyan/thesis', '/shared/project/link')", "os.mkfifo('/shared/project/pipe')"):
    try:
        eval(what)
        print("made")
    except OSError as error:
        print(type(error).__name__)
"""


def kubectl(*words: str, text: str | None = None, check: bool = True) -> str:
    done = subprocess.run(["kubectl", *words], input=text, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout


def volume(number: int) -> dict[str, Any]:
    """A folder of the node as a volume that many pods may mount: enough on a cluster of one node."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{CLASS}-{number}"},
        "spec": {
            "capacity": {"storage": "2Gi"},
            "accessModes": ["ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "hostPath": {"path": f"{PLACE}/{number}", "type": "Directory"},
        },
    }


def on_node(image: str, *command: str) -> None:
    """Run a command on the node's own folder, as root."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "skrt-hub-test-node"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": "one",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": [*command],
                    "securityContext": {"runAsUser": 0},
                    "volumeMounts": [{"name": "node", "mountPath": "/var/tmp"}],
                }
            ],
            "volumes": [{"name": "node", "hostPath": {"path": "/var/tmp", "type": "Directory"}}],
        },
    }
    kubectl("create", "--filename=-", text=json.dumps(pod))
    end = time.monotonic() + 120
    while kubectl("get", "pod", "skrt-hub-test-node", "-o", "jsonpath={.status.phase}") not in ("Succeeded", "Failed"):
        assert time.monotonic() < end, "the pod on the node did not end"
        time.sleep(1)
    kubectl("delete", "pod", "skrt-hub-test-node", "--force", "--grace-period=0")


@pytest.fixture(scope="module")
def room(hub: Hub) -> Iterator[Hub]:
    image = json.loads((hub.state / "kubernetes" / "values.json").read_text())["singleuser"]["image"]
    named = f"{image['name']}:{image['tag']}"
    on_node(named, "bash", "-c", f"mkdir -p {PLACE}/1 {PLACE}/2 && chmod 777 {PLACE}/1 {PLACE}/2")
    storage = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS},
        "provisioner": "kubernetes.io/no-provisioner",
    }
    made = {"apiVersion": "v1", "kind": "List", "items": [storage, volume(1), volume(2)]}
    kubectl("apply", "--filename=-", text=json.dumps(made))
    shared = {"shared": SHARED, "participants": PEOPLE, "organisers": ["maria"]}
    hub.configure(**shared, kubernetes={"shared_storage_class": CLASS})
    hub.run("up")
    yield hub
    hub.configure()
    hub.run("up")
    namespace = ("--namespace", hub.name)
    kubectl("delete", "pvc", "skrt-shared-project", "skrt-shared-board", *namespace, "--wait=false", check=False)
    kubectl("delete", "pv", f"{CLASS}-1", f"{CLASS}-2", "--wait=false", check=False)
    kubectl("delete", "storageclass", CLASS, check=False)
    on_node(named, "rm", "-rf", PLACE)


async def says(hub: Hub, name: str, code: str) -> str:
    async with Participant(hub.url, name) as one:
        await one.log_in()
        status, told = await one.start({})
        assert status in (201, 202, 400), told  # 400: it runs
        await one.server()
        return await one.run(code)


def test_two_of_a_group_share_a_volume_and_nobody_else_has_it(room: Hub, tmp_path: Path) -> None:
    write = "open('project/a.txt', 'w').write('of anna'); print(open('/shared/project/a.txt').read())"
    assert "of anna" in asyncio.run(says(room, "anna", write))
    assert "of both" in asyncio.run(
        says(room, "bob", "open('/shared/project/a.txt', 'w').write('of both'); print(open('project/a.txt').read())")
    )
    assert "False True" in asyncio.run(
        says(room, "chris", "import os; print(os.path.exists('/shared/project'), os.path.exists('/shared/board'))")
    )
    assert "Read-only" in asyncio.run(
        says(room, "bob", "try:\n    open('/shared/board/x', 'w')\nexcept OSError as error:\n    print(error)")
    )
    assert asyncio.run(says(room, "anna", ODD)).split() == ["PermissionError", "PermissionError"]
    saved = room.run("save", "--to", str(tmp_path / "copies"))
    assert "/shared/project" in {row["name"] for row in saved["homes"]}
    asyncio.run(says(room, "anna", "import os; os.remove('/shared/project/a.txt')"))
    room.run("restore", "--from", str(tmp_path / "copies"), "/shared/project")
    assert "of both" in asyncio.run(says(room, "bob", "print(open('/shared/project/a.txt').read())"))


def test_a_change_of_groups_is_said_and_right_at_the_next_start(room: Hub) -> None:
    people = [*PEOPLE[:2], {"login": "chris", "group": "lab"}]
    room.configure(shared=SHARED, participants=people, organisers=["maria"], kubernetes={"shared_storage_class": CLASS})
    room.run("up")
    assert any("chris lacks /shared/project" in note for note in room.run("status")["notes"])
    room.run("participants", "restart", "chris")
    assert "a.txt" in asyncio.run(says(room, "chris", "import os; print(os.listdir('project'))"))


def test_check_says_first_where_the_class_cannot(room: Hub) -> None:
    room.configure(shared=SHARED, kubernetes={"shared_storage_class": "there-is-none"})
    findings = {one["name"]: one for one in room.run("check", code=4)["findings"]}
    assert findings["shared folders"]["ok"] is False
    assert "kubernetes.shared_storage_class" in findings["shared folders"]["remedy"]
