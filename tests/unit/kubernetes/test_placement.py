"""Which nodes servers may run on, and that the pods that hold homes go there, too."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from skrt_hub.settings.kubernetes import Kubernetes
from skrt_hub.targets.kubernetes.cluster import placement
from skrt_hub.targets.kubernetes.homes.holding import _pod_document

CLAIM = {"metadata": {"name": "claim-anna", "uid": "1"}}


def node(name: str, architecture: str = "amd64", taint: dict[str, str] | None = None, **labels: str) -> dict[str, Any]:
    spec = {"taints": [taint]} if taint else {}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"nodeInfo": {"architecture": architecture}},
    }


KEPT = {"key": "hub.jupyter.org/dedicated", "value": "user", "effect": "NoSchedule"}
CONTROL = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
SOFT = {"key": "spot", "effect": "PreferNoSchedule"}
NODES = [
    node("plain"),
    node("arm", "arm64"),
    node("control", taint=CONTROL),
    node("kept", taint=KEPT, pool="class"),
    node("soft", taint=SOFT),
    {**node("closed"), "spec": {"unschedulable": True}},
]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["plain", "arm", "kept", "soft"]),
        ({"image": {"platforms": ["linux/amd64"]}}, ["plain", "kept", "soft"]),
        ({"image": {"platforms": ["linux/arm64"]}}, ["arm"]),
        ({"values": {"singleuser": {"nodeSelector": {"pool": "class"}}}}, ["kept"]),
    ],
)
def test_the_nodes_that_servers_may_run_on(settings: dict[str, Any], expected: list[str]) -> None:
    found = placement.for_servers(NODES, Kubernetes(**settings))
    assert [each["metadata"]["name"] for each in found] == expected


def test_a_pod_that_holds_a_home_goes_where_servers_go() -> None:
    settings = Kubernetes(
        image={"platforms": ["linux/arm64"], "pull_secret": "pull"},
        values={"singleuser": {"nodeSelector": {"pool": "class"}}},
    )
    spec = _pod_document("skrt-home-1", CLAIM, "image:1", settings)["spec"]
    asked = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert asked == {"nodeSelectorTerms": placement.terms(settings)}
    assert placement.terms(settings)[0]["matchExpressions"][0]["values"] == ["arm64"]
    assert spec["nodeSelector"] == {"pool": "class"}
    assert spec["imagePullSecrets"] == [{"name": "pull"}]
    assert "hub.jupyter.org/dedicated" in {toleration["key"] for toleration in spec["tolerations"]}


def test_without_a_choice_a_pod_may_go_anywhere() -> None:
    spec = _pod_document("skrt-home-1", CLAIM, "image:1", Kubernetes())["spec"]
    assert "affinity" not in spec
    assert spec["nodeSelector"] == {}


def test_several_platforms_need_a_registry() -> None:
    both = ["linux/amd64", "linux/arm64"]
    with pytest.raises(ValidationError, match="write `push`, too"):
        Kubernetes(image={"platforms": both})
    assert Kubernetes(image={"platforms": both, "push": "registry.example.org/p"}).image.architectures == (
        "amd64",
        "arm64",
    )
