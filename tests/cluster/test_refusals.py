"""What a cluster lacks, or what is in the way, is told before anything is made there. Nothing here brings a hub up."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Hub

NAME = "skrt-hub-faults"
DEFAULT = "storageclass.kubernetes.io/is-default-class"


def kubectl(*words: str, stdin: str | None = None) -> str:
    done = subprocess.run(
        ["kubectl", *words], input=stdin, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A namespace of its own, and a kube configuration that may be changed."""
    own = tmp_path / "kubeconfig"
    own.write_text(kubectl("config", "view", "--raw", "--flatten"), encoding="utf-8")
    own.chmod(0o600)
    monkeypatch.setenv("KUBECONFIG", str(own))
    kubectl("create", "namespace", NAME)
    one = Hub(tmp_path, name=NAME, port=8766)
    one.configure()
    yield one
    kubectl("delete", "namespace", NAME, "--ignore-not-found")


def test_a_context_that_is_not_there(place: Hub) -> None:
    place.configure(kubernetes={"context": "nowhere"})
    assert "nowhere" in place.run("up", code=4)["error"]


def test_a_cluster_that_does_not_answer(place: Hub) -> None:
    kubectl("config", "set-cluster", "dead", "--server=https://127.0.0.1:1")
    kubectl("config", "set-context", "dead", "--cluster=dead")
    place.configure(kubernetes={"context": "dead"})
    error = place.run("up", code=16)
    assert "dead" in error["error"]
    assert "--validate" not in error["why"], "kubectl's own advice does not fit here"


@pytest.mark.parametrize(
    ("role", "told", "advice"),
    [
        ("view", "in the namespace skrt-hub-faults: list/create/delete secrets", "role `admin`"),
        ("admin", "in the whole cluster: create clusterroles", "userScheduler"),
    ],
)
def test_missing_permissions_are_named(place: Hub, role: str, told: str, advice: str) -> None:
    kubectl(f"--namespace={NAME}", "create", "serviceaccount", "poor")
    binding = ("create", "rolebinding", "poor", f"--clusterrole={role}", f"--serviceaccount={NAME}:poor")
    kubectl(f"--namespace={NAME}", *binding)
    token = kubectl(f"--namespace={NAME}", "create", "token", "poor").strip()
    kubectl("config", "set-credentials", "poor", f"--token={token}")
    cluster = kubectl("config", "view", "--minify", "--output=jsonpath={.contexts[0].context.cluster}")
    kubectl("config", "set-context", "poor", f"--cluster={cluster}", "--user=poor")
    place.configure(kubernetes={"context": "poor"})
    error = place.run("up", code=10)
    assert told in error["why"]
    assert advice in error["remedy"]


def test_no_default_storage_class(place: Hub) -> None:
    classes = json.loads(kubectl("get", "storageclass", "--output=json"))["items"]
    marked = [item["metadata"]["name"] for item in classes if item["metadata"].get("annotations", {}).get(DEFAULT)]
    for name in marked:
        kubectl("annotate", "storageclass", name, f"{DEFAULT}-")
    try:
        assert "no default storage class" in place.run("up", code=16)["error"]
    finally:
        for name in marked:
            kubectl("annotate", "storageclass", name, f"{DEFAULT}=true")


def test_an_ingress_without_its_class_or_its_certificate(place: Hub) -> None:
    ingress = {"access": "ingress", "host": "hub.example.org", "ingress_class": NAME, "tls": {"secret": "hub-tls"}}
    place.configure(kubernetes=ingress, login={"kind": "first-use", "beyond_loopback": True})
    assert f"no ingress class '{NAME}'" in place.run("up", code=16)["error"]
    made = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": NAME}}
    served = json.dumps({**made, "spec": {"controller": "example.org/none"}})
    kubectl("apply", "--filename=-", stdin=served)
    try:
        error = place.run("up", code=16)
        assert "no secret 'hub-tls'" in error["error"]
        assert f"--namespace={NAME} create secret tls hub-tls" in error["remedy"]
    finally:
        kubectl("delete", "ingressclass", NAME)


def test_a_release_of_that_name_that_is_not_ours(place: Hub, tmp_path: Path) -> None:
    chart = tmp_path / "demo"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 0.1.0\n", encoding="utf-8")
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\ndata: {is: theirs}\n"
    (chart / "templates" / "map.yaml").write_text(manifest, encoding="utf-8")
    subprocess.run(["helm", "install", NAME, str(chart), f"--namespace={NAME}"], check=True, timeout=60)
    for take_over in (False, True):
        place.configure(kubernetes={"take_over": take_over})
        assert "demo-0.1.0" in place.run("up", code=12)["error"]
    assert "theirs" in kubectl(f"--namespace={NAME}", "get", "configmap", "demo", "--output=json")


@pytest.mark.parametrize(("version", "age"), [("3.3.8", "older"), ("5.0.0", "newer")])
def test_a_chart_that_is_too_old_or_too_new(place: Hub, tmp_path: Path, version: str, age: str) -> None:
    chart = tmp_path / "jupyterhub"
    chart.mkdir()
    original = Path(os.environ["SKRT_HUB_TEST_CHART"], "Chart.yaml").read_text(encoding="utf-8")
    lines = [f"version: {version}" if line.startswith("version:") else line for line in original.splitlines()]
    (chart / "Chart.yaml").write_text("\n".join(lines), encoding="utf-8")
    place.configure(kubernetes={"chart": str(chart)})
    assert age in place.run("up", code=4)["error"]


def test_a_node_that_is_too_small(place: Hub) -> None:
    place.configure(limits={"memory": "9 TB"}, kubernetes={"memory_guarantee": "9 TB"})
    assert "too little memory" in place.run("up", code=6)["error"]
