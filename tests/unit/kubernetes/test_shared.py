"""Shared folders on Kubernetes: the volumes, who gets them, and what is said where a cluster has none."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_hub.homes.access import shared_home
from skrt_hub.login.sharing import folders_of
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.cluster.claims import in_words, is_home, shared_name
from skrt_hub.targets.kubernetes.homes import shared
from skrt_hub.targets.kubernetes.in_hub.admin import ACCOUNTS, LOGIN
from skrt_hub.targets.kubernetes.in_hub.shared import VARIABLE, giving
from skrt_hub.targets.kubernetes.release.values import SHARED_PATH, Facts, render_values
from skrt_workspace import shared_folders

DOCUMENT: dict[str, Any] = {
    "target": "kubernetes",
    "shared": [{"name": "project", "groups": ["lab"], "size": "5 GB"}, {"name": "sheets", "write": False}],
    "kubernetes": {"storage_class": "disks", "shared_storage_class": "nfs"},
}
SETTINGS = Settings.model_validate(DOCUMENT)


def class_(name: str, provisioner: str, *, default: bool = False) -> dict[str, Any]:
    mark = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {"metadata": {"name": name, "annotations": mark}, "provisioner": provisioner}


def test_each_folder_is_a_claim_of_its_own_that_many_pods_mount() -> None:
    project, sheets = shared.documents(SETTINGS, "class")
    assert project["spec"]["accessModes"] == ["ReadWriteMany"]
    assert project["spec"]["storageClassName"] == "nfs"
    assert project["spec"]["resources"]["requests"]["storage"] == "4769Mi"
    assert sheets["spec"]["resources"]["requests"]["storage"] == "9537Mi", "a volume has a size: 10 GB"
    assert project["metadata"]["labels"]["release"] == "class"
    assert not is_home(project)
    assert shared_name(project) == "project"
    assert in_words(project) == "shared folder /shared/project"
    assert shared_home("project").name == "/shared/project"


def test_the_hub_is_told_who_gets_them_only_where_there_are_any() -> None:
    facts = Facts(image="x:1", pulled=False, command=None, login={}, homes="", spawner="", version="1", shared="# it")
    hub = render_values(SETTINGS, facts)["hub"]
    assert hub["extraFiles"]["skrt-hub-shared"] == {"mountPath": SHARED_PATH, "stringData": "# it"}
    program = hub["extraConfig"]["15-skrt-hub-shared"]
    compile(program, "15", "exec")
    assert f"from {LOGIN}.sharing import folders_of" in program
    assert f"Path({ACCOUNTS!r})" in program
    without = render_values(Settings.model_validate({"target": "kubernetes"}), facts)
    assert without["hub"]["extraConfig"]["15-skrt-hub-shared"] == ""


def pod_for(name: str, entry: dict[str, Any]) -> Any:
    folders = [{**folder.model_dump(), "claim": f"skrt-shared-{folder.name}", "size": 10} for folder in SETTINGS.shared]
    container = SimpleNamespace(volume_mounts=[{"name": "home"}], env=None)
    pod = SimpleNamespace(spec=SimpleNamespace(containers=[container], volumes=None))
    accounts = SimpleNamespace(find={name: entry}.get)
    spawner = SimpleNamespace(user=SimpleNamespace(name=name))
    return giving(folders, accounts, folders_of)(spawner, pod)


def test_a_pod_gets_the_folders_of_its_owner_as_the_accounts_say_at_that_moment() -> None:
    pod = pod_for("anna", {"listed": True, "group": "lab"})
    container = pod.spec.containers[0]
    assert container.volume_mounts == [
        {"name": "home"},
        {"name": "shared-project", "mountPath": "/shared/project", "readOnly": False},
        {"name": "shared-sheets", "mountPath": "/shared/sheets", "readOnly": True},
    ]
    claims = [volume["persistentVolumeClaim"] for volume in pod.spec.volumes]
    assert claims == [
        {"claimName": "skrt-shared-project", "readOnly": False},
        {"claimName": "skrt-shared-sheets", "readOnly": True},
    ]
    assert VARIABLE == shared_folders.VARIABLE
    told = json.loads(container.env[0]["value"])
    assert told["project"] == {"path": "/shared/project", "write": True, "limit": 10}
    other = pod_for("chris", {"listed": True, "group": "other"})
    assert [mount["name"] for mount in other.spec.containers[0].volume_mounts] == ["home", "shared-sheets"]


@pytest.mark.parametrize(
    ("classes", "ok", "required", "words"),
    [
        ([class_("nfs", "nfs.csi.k8s.io")], True, True, "many pods can mount"),
        ([class_("nfs", "rook-ceph.cephfs.csi.ceph.com")], True, True, "many pods can mount"),
        ([class_("nfs", "rancher.io/local-path")], False, True, "a folder of one node"),
        ([class_("nfs", "ebs.csi.aws.com")], False, True, "ReadWriteMany"),
        ([class_("nfs", "example.org/own")], False, False, "not known here"),
        ([class_("disks", "example.org/own", default=True)], False, True, "no storage class 'nfs'; there are: disks"),
        (None, True, True, "may not be asked for"),
    ],
)
def test_what_the_storage_class_cannot_is_said_first(classes: Any, ok: bool, required: bool, words: str) -> None:
    found = shared.judged(SETTINGS, classes)
    assert (found.ok, found.required) == (ok, required)
    assert words in found.found
    assert ok or "kubernetes.shared_storage_class" in found.remedy


def test_servers_with_other_folders_than_they_would_get_are_named() -> None:
    def pod(name: str, told: dict[str, Any] | None) -> dict[str, Any]:
        env = [] if told is None else [{"name": VARIABLE, "value": json.dumps(told)}]
        return {
            "metadata": {"name": f"jupyter-{name}", "annotations": {"hub.jupyter.org/username": name}},
            "spec": {"containers": [{"env": env}]},
        }

    both = {"project": {"write": True}, "sheets": {"write": False}}
    accounts = {name: {"listed": True, "group": "lab"} for name in ("anna", "bob")}
    said = shared.with_others(SETTINGS, [pod("anna", both), pod("bob", None), pod("chris", both)], accounts)
    assert said == [
        "The server of bob lacks /shared/project and lacks /shared/sheets until it starts again: "
        "skrt-hub participants restart bob",
        "The server of chris still has /shared/project until it starts again: skrt-hub participants restart chris",
    ]
