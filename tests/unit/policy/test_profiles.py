"""Sizes of servers: one rule for both targets, on one machine in a form, on Kubernetes as the chart's `profileList`."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from tornado import web  # type: ignore[attr-defined]

from skrt_hub.hub import profile_form
from skrt_hub.login import start_form
from skrt_hub.login.pages import Look, Pages
from skrt_hub.policy import profiles
from skrt_hub.policy.memory import folders
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.checks import graphics_cards
from skrt_hub.targets.kubernetes.release.values import quantity
from tests.unit.kubernetes.test_values import rendered

TWO = [
    {"name": "Small", "description": "to look <b>at</b> images", "limits": {"memory": "1 GB"}},
    {"name": "Large, with room", "limits": {"memory": "6 GB", "cpu": 4}},
]


def settings(given: Any) -> Settings:
    return Settings.model_validate({"profiles": given, "limits": {"memory": "2 GB", "cpu": 2, "home": "5 GB"}})


def test_what_a_profile_does_not_name_is_as_the_hub_says() -> None:
    small, large = profiles.choices(settings(TWO))
    assert (small.slug, small.limits.memory, small.limits.cpu, small.limits.home) == ("small", 10**9, 2, 5 * 10**9)
    assert (large.slug, large.limits.memory, large.limits.cpu) == ("large-with-room", 6 * 10**9, 4)


def test_the_first_is_for_who_does_not_choose() -> None:
    two = settings(TWO)
    assert profiles.chosen(two, {}).name == "Small"
    assert profiles.chosen(two, {"profile": ""}).name == "Small"
    assert profiles.chosen(two, {"profile": "large-with-room"}).limits.cpu == 4
    assert profiles.usual(two).limits.memory == 10**9
    assert profiles.usual(settings([])).limits.memory == 2 * 10**9


@pytest.mark.parametrize("forged", ["huge", "Small", "small ", ["small"], {"memory": 1}, 7, True, "../small"])
def test_one_that_there_is_not_is_refused(forged: Any) -> None:
    with pytest.raises(profiles.UnknownProfileError, match="Small, Large"):
        profiles.chosen(settings(TWO), {"profile": forged})
    with pytest.raises(web.HTTPError) as told:
        profile_form.choice_for(settings(TWO), {"profile": forged})
    assert "Choose one" in told.value.jupyterhub_message


def test_options_that_are_no_profile_change_nothing() -> None:
    assert profiles.chosen(settings(TWO), {"memory": "64 GB", "mem_limit": 1}).limits.memory == 10**9


def test_a_choice_that_was_remembered_does_no_harm_where_profiles_are_gone() -> None:
    assert profiles.chosen(settings([]), {"profile": "small"}).limits.memory == 2 * 10**9


def test_seats_are_counted_by_the_greatest_of_each() -> None:
    first, second = {"memory": "6 GB", "cpu": 1}, {"memory": "1 GB", "cpu": 4}
    mixed = [{"name": "a", "limits": first}, {"name": "b", "limits": second}]
    limits = profiles.greatest(settings(mixed)).limits
    assert (limits.memory, limits.cpu) == (6 * 10**9, 4)
    assert profiles.greatest(settings([])) == settings([])


def test_one_profile_shows_no_choice_and_holds() -> None:
    one = settings(TWO[1:])
    assert profile_form.form(one) == ""
    assert profile_form.choice_for(one, None).limits.memory == 6 * 10**9
    single = rendered(profiles=TWO[1:])["singleuser"]
    assert "profileList" not in single
    assert single["memory"]["limit"] == 6 * 10**9


def test_without_profiles_nothing_is_different() -> None:
    assert profile_form.form(settings([])) == ""
    assert "profileList" not in rendered()["singleuser"]


def test_the_form_has_each_once_and_nothing_of_it_is_obeyed() -> None:
    page = profile_form.form(settings(TWO))
    assert re.findall(r'value="([^"]+)"( checked)?', page) == [("small", " checked"), ("large-with-room", "")]
    assert "<b>" not in page
    assert "1 GB of memory, 2 processors" in page
    assert profile_form.options_from_form({"profile": ["small"]}) == {"profile": "small"}
    assert profile_form.options_from_form({"other": ["x"]}) == {}


def test_the_chart_gets_the_same_choices_with_the_same_limits() -> None:
    limits = {"memory": "2 GB", "cpu": 2, "home": "5 GB"}
    single = rendered(profiles=TWO, limits=limits)["singleuser"]
    small, large = single["profileList"]
    assert [one["slug"] for one in (small, large)] == ["small", "large-with-room"]
    assert [one.get("default", False) for one in (small, large)] == [True, False]
    assert "<b>" not in small["description"]
    override = large["kubespawner_override"]
    assert override["mem_limit"] == 6 * 10**9
    assert override["cpu_limit"] >= 4
    assert override["environment"]["OMP_NUM_THREADS"] == "4"
    for path, size in folders(6 * 10**9).items():
        assert override["volumes"][f"memory-{path.rpartition('/')[2]}"]["emptyDir"]["sizeLimit"] == quantity(size)
    assert small["kubespawner_override"]["mem_limit"] == 10**9
    # What `check` counts seats by, and what a seat that is kept ready holds.
    assert single["memory"]["limit"] == 6 * 10**9
    assert single["memory"]["guarantee"] == override["mem_guarantee"]


def test_two_that_cannot_be_told_apart_are_refused() -> None:
    for given, words in {
        (("Large", "large ")): "same name",
        (("***",)): "needs a letter",
    }.items():
        with pytest.raises(ValidationError, match=words):
            settings([{"name": name} for name in given])
    with pytest.raises(ValidationError, match="at most 20"):
        settings([{"name": f"size {number}"} for number in range(21)])


def test_the_form_is_in_the_visitors_language() -> None:
    made = profile_form.form(settings([*TWO, {"name": "Half", "limits": {"memory": "2.5 GB", "cpu": 1, "gpu": 1}}]))
    pages = Pages(Look())

    class Handler:
        authenticator = SimpleNamespace(pages=pages)
        request = SimpleNamespace(headers={"Accept-Language": "de-AT,en;q=0.5"})
        chosen = ""

        def get_cookie(self, name: str, default: str) -> str:
            return self.chosen or default

    german = start_form.localised(made, Handler())
    assert "2,5 GB Arbeitsspeicher, 1 Prozessor, 1 Grafikkarte" in german
    assert "to look &lt;b&gt;at&lt;/b&gt; images" in german
    assert json.dumps("Server wählen") in german
    Handler.chosen = "en"
    assert "2.5 GB of memory, 1 processor, 1 graphics card" in start_form.localised(german, Handler())
    assert start_form.localised(made, None) == made


OTHERS = {"others": [{"name": "gpu", "fork_server": True}, {"name": "old"}]}


def test_a_profile_with_another_environment_runs_its_python_in_the_same_image() -> None:
    sizes = [{"name": "Usual"}, {"name": "Card", "environment": "gpu"}, {"name": "Old", "environment": "old"}]
    single = rendered(profiles=sizes, environment=OTHERS)["singleuser"]
    usual, card, old = [one["kubespawner_override"] for one in single["profileList"]]
    assert usual["cmd"][0] == "/opt/skrt/bin/python" and usual["environment"]["SKRT_ENVIRONMENT"] == ""
    assert card["cmd"][0] == "/opt/environments/gpu/bin/python" and card["cmd"][-1] == "--warm"
    assert old["cmd"][0] == "/opt/environments/old/bin/python" and old["cmd"][-1] == "--pod"
    assert card["environment"]["PATH"].startswith("/opt/environments/gpu/bin:/usr")
    # KubeSpawner fills what stands in single braces.
    others = card["environment"]["SKRT_OTHER_ENVIRONMENTS"].replace("{{", "{").replace("}}", "}")
    assert json.loads(others) == {"scikit-rt": "/opt/skrt", "old": "/opt/environments/old"}
    assert usual.keys() == card.keys() and usual["environment"].keys() == card["environment"].keys()


def test_one_profile_with_another_environment_is_for_all() -> None:
    single = rendered(profiles=[{"name": "Card", "environment": "gpu"}], environment=OTHERS)["singleuser"]
    assert single["cmd"][0] == "/opt/environments/gpu/bin/python"
    assert single["extraEnv"]["SKRT_ENVIRONMENT"] == "gpu"
    plain = rendered(environment=OTHERS)["singleuser"]
    assert plain["extraEnv"]["SKRT_ENVIRONMENT"] == "" and "gpu" in plain["extraEnv"]["SKRT_OTHER_ENVIRONMENTS"]


def test_graphics_cards_are_asked_of_the_cluster_by_those_who_have_them() -> None:
    assert "nvidia.com/gpu" not in rendered()["singleuser"]["extraResource"]["limits"]
    assert rendered(limits={"gpu": 2})["singleuser"]["extraResource"]["limits"]["nvidia.com/gpu"] == "2"
    sizes = [{"name": "Usual"}, {"name": "Card", "limits": {"gpu": 1}}]
    single = rendered(profiles=sizes)["singleuser"]
    limits = [one["kubespawner_override"]["extra_resource_limits"] for one in single["profileList"]]
    # Both say it: KubeSpawner lays dictionaries over each other key by key.
    assert [each["nvidia.com/gpu"] for each in limits] == ["0", "1"]
    assert all(each["ephemeral-storage"] for each in limits)
    assert single["extraTolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]


def test_check_tells_of_cards_that_no_node_has() -> None:
    def node(count: str) -> dict[str, Any]:
        return {"status": {"allocatable": {"nvidia.com/gpu": count} if count else {}}}

    assert not graphics_cards([node(""), node("1")], 2).ok
    found = graphics_cards([node("1"), node("4")], 2)
    assert found.ok and "5 on the nodes" in found.found
    assert graphics_cards(None, 1).ok
