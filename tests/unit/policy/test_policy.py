"""What a hub promises: one rule, which both targets render."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from traitlets.config import Config

from skrt_hub import policy
from skrt_hub.hub.applied import Applied, Ports
from skrt_hub.hub.configure import configure
from skrt_hub.hub.names import folder_for
from skrt_hub.hub.secrets import Secrets
from skrt_hub.layout import Layout
from skrt_hub.login.names import NameRefusedError, normalised
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.release.values import Facts, render_values

WHEN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
FACTS = Facts("image:1", True, None, {}, "", "", "1")


@given(st.floats(min_value=0.01, max_value=1024), st.integers(min_value=1, max_value=256))
def test_threads_use_up_the_limit_and_never_more_than_the_machine_has(cpu: float, processors: int) -> None:
    assert policy.threads.threads(cpu) - 1 < cpu <= policy.threads.threads(cpu)
    assert 1 <= policy.threads.threads(cpu, processors) <= processors


@given(st.integers(min_value=60, max_value=10**6))
def test_a_server_is_looked_at_often_enough_to_end_in_time(idle: int) -> None:
    assert policy.idle.look_every(idle) <= idle / 4


@pytest.mark.parametrize(
    "given_settings",
    [
        {},
        {"participants": ["anna", "bob"], "admins": ["carla"]},
        {"limits": {"cpu": 1.5, "idle": "2 h"}},
        {"limits": {"cpu": 0.5, "idle": 0}},
    ],
)
def test_both_targets_tell_jupyterhub_the_same(given_settings: dict[str, Any], tmp_path: Path) -> None:
    settings = Settings.model_validate(given_settings)
    machine = Config()
    applied = Applied(settings, "1", Ports(1, 2, 3), Path("/env"), False)
    configure(machine, applied, Layout(tmp_path), Secrets("00", "p", "c", "d", "e"))
    cluster = render_values(settings, FACTS)
    for name, traits in policy.log_in.traits(settings).items():
        for trait, value in traits.items():
            assert machine[name][trait] == cluster["hub"]["config"][name][trait] == value
    variable = "JUPYTERHUB_ACTIVITY_INTERVAL"
    assert machine.Spawner.environment[variable] == cluster["singleuser"]["extraEnv"][variable]


def test_nobody_can_log_in_as_the_name_of_a_home_that_was_moved_aside() -> None:
    with pytest.raises(NameRefusedError):
        normalised(policy.removing.aside_name("anna", WHEN))


@given(st.text(alphabet="abc -.0", min_size=1, max_size=12))
def test_no_name_has_the_folder_of_a_home_that_was_moved_aside(name: str) -> None:
    assert policy.removing.aside_folder(folder_for("anna"), WHEN) != folder_for(name)


@pytest.mark.parametrize("freed", [False, True])
def test_removing_says_where_the_home_is_and_what_becomes_of_the_name(freed: bool) -> None:
    anybody, listed = Settings(), Settings(participants=("anna",))
    for settings in (anybody, listed):
        words = "\n".join(policy.removing.in_words(settings, "anna", "/homes/anna", freed=freed))
        assert "/homes/anna" in words
        assert ("locked" in words) is not freed
    assert "hub.yaml" in "\n".join(policy.removing.in_words(listed, "anna", None, freed=True))


def test_what_up_says_names_the_rule_for_passwords() -> None:
    assert str(policy.log_in.SHORTEST_PASSWORD) in policy.log_in.how_to_log_in(Settings())
    many = Settings(participants=("a", "b"))
    assert "2 listed names" in policy.log_in.how_to_log_in(many)
