"""Settings to chart values, tested as data."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from skrt_hub.policy.memory import folders
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.preflight import processors_of_one_node
from skrt_hub.targets.kubernetes.release.environments import command
from skrt_hub.targets.kubernetes.release.values import Facts, lay_over, quantity, render_values, starts_at_once

FACTS = Facts(
    image="localhost/skrt-hub/workspace:0123",
    pulled=False,
    command=("python", "-m", "x"),
    login={"authenticator.py": "# log-in\n", "words/en.json": "{}"},
    homes="# homes\n",
    spawner="# spawner\n",
    version="1.2.3",
)


def rendered(**document: Any) -> dict[str, Any]:
    return render_values(Settings.model_validate({"target": "kubernetes", **document}), FACTS)


def test_own_origins_are_led_by_names_and_ask_for_no_mark() -> None:
    plain = rendered()
    assert "subdomain_host" not in plain["hub"]["config"]["JupyterHub"]
    assert "Gate(os.environ" in plain["hub"]["extraConfig"]["12-skrt-hub-visitors"]
    public, servers = "https://hub.example.org", "https://*.hub.example.org"
    own = rendered(public_url=public, participant_url=servers)
    assert own["hub"]["config"]["JupyterHub"]["subdomain_host"] == public
    assert f"install(None, forms_lead_to={servers!r})" in own["hub"]["extraConfig"]["12-skrt-hub-visitors"]
    assert "hub" in own["proxy"]["chp"]["extraEnv"]["SKRT_HUB_OWN_ORIGINS"]


def test_the_proxy_answers_to_names_where_all_are_known() -> None:
    assert "localhost" in rendered()["proxy"]["chp"]["extraEnv"]["SKRT_HUB_NAMES"]
    balancer = {"kubernetes": {"access": "load-balancer"}, "login": {"kind": "first-use", "beyond_loopback": True}}
    assert "SKRT_HUB_NAMES" not in rendered(**balancer)["proxy"]["chp"]["extraEnv"]
    named = rendered(**balancer, public_url="http://hub.example.org")
    assert r"hub\.example\.org" in named["proxy"]["chp"]["extraEnv"]["SKRT_HUB_NAMES"]


def test_nothing_is_put_into_what_servers_are_told() -> None:
    told = rendered(page={"title": "{username} at $(HOME)"})["singleuser"]["extraEnv"]
    for value in told.values():  # as KubeSpawner has it (kubespawner.spawner, _expand_user_properties)
        assert "$(" not in value.format(username="anna").replace("$$(", "")
    assert any("{username} at $$(HOME)" in value.format(username="anna") for value in told.values())


def test_what_is_written_beside_the_home_has_a_limit() -> None:
    assert rendered()["singleuser"]["extraResource"]["limits"] == {"ephemeral-storage": "1024Mi"}


def test_the_class_page_is_a_service_that_the_proxy_alone_reaches() -> None:
    hub = rendered(organisers=["maria"])["hub"]
    assert hub["services"]["class"]["url"] == "http://hub:8090"
    assert hub["loadRoles"]["class-organiser"]["scopes"] == ["access:services!service=class"]
    (rule,) = hub["networkPolicy"]["ingress"]
    assert rule["ports"] == [{"port": 8090}]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"component": "proxy"}}}]


def test_seats_are_kept_by_a_service_of_the_hub() -> None:
    hub = rendered(seats={"ready": ["Mon 08:45"], "for": ["A"], "time_zone": "Europe/Vienna"}, limits={"servers": 40})[
        "hub"
    ]
    program, file, told = hub["services"]["skrt-hub-seats"]["command"]
    told = json.loads(told)

    assert (program, file) == ("python3", "/usr/local/etc/jupyterhub/skrt_hub_seat_keeper.py")
    assert told["order"]["ready"] == [["Mon", "08:45"]] and told["order"]["groups"] == ["A"]
    assert (told["order"]["zone"], told["limit"]) == ("Europe/Vienna", 40)
    assert hub["extraFiles"]["skrt-hub-seats"]["mountPath"] == f"/usr/local/etc/jupyterhub/{told['rules']}.py"
    assert hub["loadRoles"]["skrt-hub-seats"]["services"] == ["skrt-hub-seats"]
    assert "admin:servers" not in hub["loadRoles"]["skrt-hub-seats"]["scopes"]
    assert hub["loadRoles"]["class-organiser"]  # beside the others


def test_the_logo_comes_with_the_log_in() -> None:
    settings = Settings.model_validate({"target": "kubernetes", "page": {"logo": "mark.PNG"}})
    hub = render_values(settings, replace(FACTS, logo=b"picture"))["hub"]
    carried = hub["extraFiles"]["skrt-hub-logo"]
    assert base64.b64decode(carried["binaryData"]) == b"picture"
    assert hub["config"]["AccountsAuthenticator"]["look"]["logo"] == carried["mountPath"]
    assert carried["mountPath"].endswith(".png")


def test_a_home_outlives_its_server_and_its_participant() -> None:
    values = rendered()
    assert values["hub"]["config"]["KubeSpawner"]["delete_pvc"] is False
    assert values["hub"]["db"]["pvc"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert values["cull"]["users"] is False


def test_nothing_runs_at_server_start_that_could_remove_work() -> None:
    assert "lifecycleHooks" not in rendered()["singleuser"]


def test_without_internet_the_network_policies_are_stricter_than_the_charts_own() -> None:
    rules = rendered(limits={"internet": False})["singleuser"]["networkPolicy"]["egressAllowRules"]
    assert rules["nonPrivateIPs"] is False
    assert True not in rules.values()


def test_protections_of_the_chart_are_left_on() -> None:
    single = rendered()["singleuser"]
    for name in ("networkPolicy", "cloudMetadata", "serviceAccountName", "uid", "allowPrivilegeEscalation"):
        assert name not in single, f"{name} is the chart's own default"


@pytest.mark.parametrize(
    ("given_image", "name", "tag"),
    [
        ("localhost/skrt-hub/workspace:0123", "localhost/skrt-hub/workspace", "0123"),
        ("registry.example.org:5000/class", "registry.example.org:5000/class", "latest"),
        ("registry.example.org:5000/class:2026", "registry.example.org:5000/class", "2026"),
        ("ghcr.io/scikit-rt/scikit-rt", "ghcr.io/scikit-rt/scikit-rt", "latest"),
    ],
)
def test_image_names_are_taken_apart(given_image: str, name: str, tag: str) -> None:
    facts = Facts(given_image, True, None, {}, "", "", "1")
    image = render_values(Settings(), facts)["singleuser"]["image"]
    assert (image["name"], image["tag"]) == (name, tag)


def test_an_image_from_a_registry_is_pulled_before_the_hub_changes_and_a_loaded_one_is_not_waited_for() -> None:
    pulled = Facts("registry.example.org/class:1", True, None, {}, "", "", "1")
    assert render_values(Settings(), pulled)["prePuller"]["hook"]["enabled"] is True
    assert rendered()["prePuller"]["hook"]["enabled"] is False


def test_limits_and_guarantees() -> None:
    single = rendered(limits={"cpu": 2.5, "memory": "4 GB"})["singleuser"]
    assert single["memory"] == {"limit": 4_000_000_000, "guarantee": 1_000_000_000}
    assert single["cpu"] == {"limit": 3.5, "guarantee": 0.125}  # and one that others leave free
    assert single["extraEnv"]["OMP_NUM_THREADS"] == "3"


def test_a_guarantee_never_exceeds_the_limit() -> None:
    single = rendered(limits={"cpu": 0.5, "memory": "256 MB"}, kubernetes={"memory_guarantee": "1 GB"})["singleuser"]
    assert single["memory"]["guarantee"] == single["memory"]["limit"]


def test_any_name_or_only_the_listed_ones() -> None:
    log_in = rendered()["hub"]["config"]["AccountsAuthenticator"]
    assert (log_in["kind"], log_in["anyone"]) == ("first-use", True)
    log_in = rendered(participants=["ana", "ben"], admins=["tutor"])["hub"]["config"]["AccountsAuthenticator"]
    assert log_in["anyone"] is False
    assert rendered(login="codes")["hub"]["config"]["AccountsAuthenticator"]["anyone"] is False


def test_the_log_in_goes_into_the_hub_whole_and_a_change_of_the_list_does_not_restart_it() -> None:
    files = rendered()["hub"]["extraFiles"].values()
    assert {item["mountPath"] for item in files} >= {
        "/usr/local/etc/jupyterhub/skrt_hub_login/authenticator.py",
        "/usr/local/etc/jupyterhub/skrt_hub_login/words/en.json",
    }
    assert rendered(participants=["ana"]) == rendered(participants=["ana", "ben"], admins=["tutor"])


def test_shared_data_is_read_only() -> None:
    storage = rendered(data=[{"name": "atlas", "folder": "/srv/atlas"}])["singleuser"]["storage"]
    assert storage["extraVolumeMounts"]["data-0"] == {"name": "data-0", "mountPath": "/data/atlas", "readOnly": True}


def test_temporary_files_lie_in_memory_as_on_one_machine() -> None:
    storage = rendered(limits={"memory": "2 GB"})["singleuser"]["storage"]
    places = {mount["name"]: mount["mountPath"] for mount in storage["extraVolumeMounts"].values()}
    sizes = {places[volume["name"]]: volume["emptyDir"]["sizeLimit"] for volume in storage["extraVolumes"].values()}
    assert sizes == {path: quantity(size) for path, size in folders(2_000_000_000).items()}
    assert {volume["emptyDir"]["medium"] for volume in storage["extraVolumes"].values()} == {"Memory"}


def test_a_class_of_a_set_size_gets_placeholders_and_priority() -> None:
    scheduling = rendered(kubernetes={"placeholders": 30})["scheduling"]
    assert scheduling["userPlaceholder"] == {"enabled": True, "replicas": 30}
    assert scheduling["podPriority"] == {"enabled": True}


def test_idle_servers_are_ended_or_not() -> None:
    assert rendered(limits={"idle": 0})["cull"] == {"enabled": False}
    cull = rendered(limits={"idle": "2 h"})["cull"]
    assert cull["timeout"] == 7200
    assert cull["every"] < cull["timeout"]


def test_raw_values_are_laid_over_key_by_key() -> None:
    values = rendered(kubernetes={"values": {"hub": {"concurrentSpawnLimit": 5}, "cull": {"enabled": False}}})
    assert values["hub"]["concurrentSpawnLimit"] == 5
    assert values["hub"]["config"]["KubeSpawner"]["delete_pvc"] is False
    assert values["cull"]["enabled"] is False


def test_own_certificate_and_automatic_one() -> None:
    allowed = {"login": {"beyond_loopback": True}}
    facts = Facts("i:1", True, None, {}, "", "", "1", certificate="CERT", key="KEY")
    own = Settings.model_validate(
        {
            "target": "kubernetes",
            **allowed,
            "kubernetes": {"access": "load-balancer", "tls": {"certificate": "/c", "key": "/k"}},
        }
    )
    assert render_values(own, facts)["proxy"]["https"]["manual"] == {"cert": "CERT", "key": "KEY"}
    kubernetes = {"access": "load-balancer", "host": "hub.example.org", "tls": {"email": "a@example.org"}}
    https = rendered(**allowed, kubernetes=kubernetes)["proxy"]["https"]
    assert https["type"] == "letsencrypt"
    assert https["hosts"] == ["hub.example.org"]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"kubernetes": {"access": "load-balancer"}}, "beyond_loopback"),
        ({"address": "0.0.0.0"}, "beyond_loopback"),
        ({"kubernetes": {"access": "ingress"}, "login": {"beyond_loopback": True}}, "host"),
        ({"kubernetes": {"tls": {"certificate": "/c"}}}, "go together"),
        ({"kubernetes": {"tls": {"certificate": "/c", "key": "/k"}}}, "load-balancer or node-port"),
        ({"kubernetes": {"namespace": "Not A Name"}}, "namespace"),
    ],
)
def test_impossible_combinations_are_refused(document: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Settings.model_validate({"target": "kubernetes", **document})


def test_lay_over_leaves_its_arguments_alone() -> None:
    base: dict[str, Any] = {"a": {"b": 1, "c": [1]}, "d": 2}
    assert lay_over(base, {"a": {"b": 2}, "d": {"e": 1}}) == {"a": {"b": 2, "c": [1]}, "d": {"e": 1}}
    assert base == {"a": {"b": 1, "c": [1]}, "d": 2}


def test_quantities_are_whole_and_never_smaller() -> None:
    assert quantity(10 * 10**9) == "9537Mi"
    assert int(quantity(10 * 10**9)[:-2]) * 2**20 >= 10 * 10**9


def test_the_hubs_own_pods_have_their_share_when_all_participants_want_the_processors() -> None:
    values = rendered()
    parts = (values["hub"], values["proxy"]["chp"], values["scheduling"]["userScheduler"])
    for part in parts:
        assert set(part["resources"]["requests"]) == {"cpu", "memory"}
        assert "limits" not in part["resources"]


def test_servers_take_turns_where_all_share_one_node() -> None:
    assert starts_at_once(0) == 0
    assert starts_at_once(2) == 3
    several = [{"status": {"allocatable": {"cpu": "4"}}}] * 2
    assert processors_of_one_node(several) == processors_of_one_node([]) == 0
    assert processors_of_one_node(several[:1]) == 4
    assert "prompt_spawner(0)" in rendered()["hub"]["extraConfig"]["11-skrt-hub-spawner"]


def test_a_pod_may_be_held_to_its_own_processors() -> None:
    single = rendered(limits={"cpu": 2}, kubernetes={"cpu_burst": 0})["singleuser"]
    assert single["cpu"]["limit"] == 2
    assert single["extraEnv"]["OMP_NUM_THREADS"] == "2"


def test_participants_pods_have_no_more_rights_than_the_charts_own() -> None:
    held = rendered()["hub"]["config"]["KubeSpawner"]["container_security_context"]
    assert held == {"capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}


def test_pods_start_warm_unless_the_fork_server_is_switched_off() -> None:
    warm, plain = command("", warm=True), command("", warm=False)
    assert warm[-1] == "--warm"
    assert warm[:-1] == plain
    assert plain[-1] == "--pod", "rights are given up in both"


@pytest.mark.parametrize("platforms", [["linux/arm64"], ["linux/arm64", "linux/amd64"]])
def test_servers_start_on_nodes_of_the_chosen_platforms(platforms: list[str]) -> None:
    assert "extraNodeAffinity" not in rendered()["singleuser"]
    image = {"platforms": platforms, "push": "registry.example.org/physics"}
    (term,) = rendered(kubernetes={"image": image})["singleuser"]["extraNodeAffinity"]["required"]
    types = sorted(platform.removeprefix("linux/") for platform in platforms)
    assert term == {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": types}]}
