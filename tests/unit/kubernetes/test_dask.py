"""Workers on many nodes: settings to values of Dask's chart and to the rules beside it, tested as data."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from skrt_hub import policy
from skrt_hub.environment.identity import LOCK_FOLDER
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes import delete
from skrt_hub.targets.kubernetes.dask import rules
from skrt_hub.targets.kubernetes.dask.chart import DASK_GATEWAY
from skrt_hub.targets.kubernetes.dask.values import DaskFacts, facts, render_dask
from skrt_hub.targets.kubernetes.release.values import render_values
from skrt_hub.targets.kubernetes.release.workers import release_of
from tests.unit.kubernetes.test_values import FACTS


def settings(**document: Any) -> Settings:
    return Settings.model_validate({"target": "kubernetes", "cohort": {"workers": {"most": 20}}, **document})


def rendered(**document: Any) -> dict[str, Any]:
    return render_dask(settings(**document), DaskFacts("registry.example.org/skrt:7", "# program"))["gateway"]


def test_without_the_setting_the_hub_knows_nothing_of_it() -> None:
    plain = render_values(settings(cohort={}), FACTS)
    assert "dask-gateway" not in str(plain)
    assert not policy.cohorts.on_workers(settings(cohort={}))
    assert not policy.cohorts.on_workers(settings(target="machine"))


def test_servers_find_the_gateway_and_may_reach_it() -> None:
    values = render_values(settings(), FACTS)
    told = values["singleuser"]["extraEnv"]
    assert told["DASK_GATEWAY__ADDRESS"] == "http://traefik-skrt-hub-dask-gateway"
    # KubeSpawner puts nothing into it; the server does.
    assert told["DASK_GATEWAY__PUBLIC_ADDRESS"] == "{{JUPYTERHUB_SERVICE_PREFIX}}skrt/dask"
    assert told["SKRT_COHORT_ENGINE"] == "dask-gateway"
    (rule,) = values["singleuser"]["networkPolicy"]["egress"]
    assert rule["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "traefik"
    assert values["hub"]["services"]["dask-gateway"] == {"display": False}
    assert "workers=20, each=20" in values["hub"]["extraConfig"]["14-skrt-hub-cohorts"]


def test_workers_have_our_image_and_no_rights() -> None:
    backend = rendered(limits={"memory": "4 GB", "cpu": 2})["backend"]
    assert backend["image"] == {"name": "registry.example.org/skrt", "tag": "7", "pullPolicy": "IfNotPresent"}
    worker = backend["worker"]
    assert worker["memory"] == {"request": 4 * 10**9, "limit": 4 * 10**9}
    assert worker["cores"] == {"request": 0.05, "limit": 1}  # half of what the chart sets aside for a participant
    assert worker["extraContainerConfig"]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert worker["extraPodConfig"]["securityContext"]["runAsNonRoot"]
    assert backend["environment"]["OMP_NUM_THREADS"] == "1"


def test_workers_may_have_nodes_and_memory_of_their_own() -> None:
    own = {"workers": {"most": 2, "memory": "600 MB", "cpu_guarantee": 1}}
    worker = rendered(cohort=own)["backend"]["worker"]
    assert worker["cores"]["request"] == 1
    assert worker["memory"]["limit"] == 600 * 10**6


def test_data_is_there_for_workers_too(tmp_path: Any) -> None:
    worker = rendered(data=[{"name": "atlas", "folder": str(tmp_path)}])["backend"]["worker"]
    assert {"name": "data-0", "mountPath": "/data/atlas", "readOnly": True} in worker["extraContainerConfig"][
        "volumeMounts"
    ]
    assert worker["extraPodConfig"]["volumes"][-1]["hostPath"]["path"] == str(tmp_path)


def test_fetched_sets_are_there_for_workers_and_a_place_for_shared_files() -> None:
    asked = settings(shared=[{"name": "project"}], limits={"home": "2 GB"})
    backend = render_dask(asked, DaskFacts("i:1", "", ("head-neck",)))["gateway"]["backend"]
    pod, container = backend["worker"]["extraPodConfig"], backend["worker"]["extraContainerConfig"]
    claim = {"claimName": "skrt-data-head-neck", "readOnly": True}
    assert {"name": "skrt-data-head-neck", "persistentVolumeClaim": claim} in pod["volumes"]
    assert {"name": "skrt-data-head-neck", "mountPath": "/data/head-neck", "readOnly": True} in container[
        "volumeMounts"
    ]
    # An empty place: whose shared folders they are, a worker does not know, so the files come with the tasks.
    assert {"name": "shared", "emptyDir": {"sizeLimit": "1908Mi"}} in pod["volumes"]
    assert {"name": "shared", "mountPath": "/shared"} in container["volumeMounts"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert "shared" not in str(backend["scheduler"]) and "skrt-data" not in str(backend["scheduler"])
    assert "/shared" not in str(rendered())


def test_what_one_person_may_have_stands_in_the_gateways_own_program() -> None:
    program = render_dask(settings(), facts("x:1"))["gateway"]["extraConfig"]["10-skrt-hub"]
    assert program.endswith("configure(c, most=20, clusters=2, idle=300)\n")
    compile(program, "config", "exec")


def test_raw_values_lie_over_ours() -> None:
    given = rendered(kubernetes={"dask_values": {"gateway": {"image": {"name": "own/gateway"}}}})
    assert given["image"] == {"name": "own/gateway"}


def test_only_workers_count_and_they_give_way() -> None:
    found = {(item["kind"], item["metadata"]["name"]): item for item in rules.objects(settings(), "r")}
    priority, quota = found["PriorityClass", "r-worker"], found["ResourceQuota", "r-worker"]
    assert priority["value"] < 0
    assert priority["preemptionPolicy"] == "Never"
    assert quota["spec"]["hard"] == {"pods": "20"}
    assert quota["spec"]["scopeSelector"]["matchExpressions"][0]["values"] == ["r-worker"]


def test_pages_of_a_cluster_are_reached_through_the_gateways_proxy_alone() -> None:
    found = {item["metadata"]["name"]: item["spec"] for item in rules.objects(settings(), "r") if "spec" in item}
    pages = [rule for rule in found["r-scheduler"]["ingress"] if {"port": 8787} in rule["ports"]]
    assert [rule["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for rule in pages] == [
        "traefik"
    ]
    (ours,) = found["r-traefik"]["ingress"]
    assert ours["from"] == [{"podSelector": {"matchLabels": {"component": "singleuser-server"}}}]
    assert found["r-controller"]["ingress"] == []


def test_workers_reach_the_internet_as_servers_do() -> None:
    def outside(**document: Any) -> list[Any]:
        (spec,) = [
            item["spec"]
            for item in rules.objects(settings(**document), "r")
            if item["metadata"]["name"] == "r-worker" and item["kind"] == "NetworkPolicy"
        ]
        return [rule for rule in spec["egress"] if any("ipBlock" in to for to in rule.get("to", ()))]

    (rule,) = outside()
    assert "169.254.0.0/16" in rule["to"][0]["ipBlock"]["except"]
    assert outside(limits={"internet": False}) == []


def test_more_cannot_be_least() -> None:
    with pytest.raises(ValidationError, match="least: 5 is more than most: 2"):
        settings(cohort={"workers": {"least": 5, "most": 2}})


def test_the_client_in_the_lock_is_the_charts() -> None:
    lock = (LOCK_FOLDER / "requirements.txt").read_text(encoding="utf-8")
    assert f"\ndask-gateway=={DASK_GATEWAY.pinned} " in lock


def test_names_fit_helm() -> None:
    longest = settings(name="a" * 40)
    assert len(release_of(longest)) <= 53
    assert release_of(replace_release(longest, "b" * 52)) == f"{'b' * 40}-dask-gateway"


def replace_release(given: Settings, release: str) -> Settings:
    return given.model_copy(update={"kubernetes": given.kubernetes.model_copy(update={"release": release})})


@pytest.mark.parametrize("key", ["app.kubernetes.io/instance", "gateway.dask.org/instance"])
def test_delete_knows_that_it_is_the_hubs(key: str) -> None:
    given = settings(name="class")
    item = {"metadata": {"name": "x", "labels": {key: "class-dask-gateway"}}}
    assert delete._ours(item, SimpleNamespace(release="class", settings=given))  # type: ignore[arg-type]
    other = {"metadata": {"name": "x", "labels": {key: "another-dask-gateway"}}}
    assert not delete._ours(other, SimpleNamespace(release="class", settings=given))  # type: ignore[arg-type]
