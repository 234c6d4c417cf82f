"""Further environments: what hub.yaml may say, what is locked for each, and what servers are told of them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from skrt_hub.environment import bundled, own
from skrt_hub.environment.identity import requirements
from skrt_hub.errors import SettingsError
from skrt_hub.hub.applied import Applied, Ports, read_applied, write_applied
from skrt_hub.layout import Layout
from skrt_hub.policy import environments as told
from skrt_hub.policy import fork_servers
from skrt_hub.progress import Silent
from skrt_hub.settings.environment import Other, OwnPackages
from skrt_hub.settings.load import load_settings
from skrt_hub.settings.model import Settings
from skrt_workspace import environments

GPU = {"name": "gpu", "packages": ["torch"], "fork_server": True}


def load(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "hub.yaml").write_text(text)
    return load_settings(tmp_path / "hub.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("environment: {others: [{name: python3}]}", "a kernel that is there already"),
        ("environment: {others: [{name: gpu}, {name: gpu}]}", "two environments called gpu"),
        ("environment: {others: [{name: Gpu!}]}", "others.0.name"),
        ("environment: {others: [{name: gpu, python: '3.12'}]}", "no such key"),
        ("profiles: [{name: Large, environment: gpu}]", "there is none under `environment: others`"),
        ("environment: {others: [{name: cpu}]}\nprofiles: [{name: Large, environment: gpu}]", "there are: cpu"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, text)
    assert words in refused.value.why


def test_each_has_a_lock_of_its_own_beside_hub_yaml(tmp_path: Path) -> None:
    given = load(tmp_path, "environment: {others: [{name: gpu, packages: [torch]}]}").environment
    assert given.of(given.others[0]).lock == tmp_path / "hub.lock.gpu.txt"
    assert given.of(given.others[0]).packages == ("torch",)
    nothing = OwnPackages(others=(Other(name="plain"),))
    locks = own.locks_for(nothing, tmp_path, Silent())
    assert {name: lock.file for name, lock in locks.items()} == {"": requirements(), "plain": requirements()}


def test_a_clash_names_the_environment(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="others: old: hub"):
        own.locks_for(OwnPackages(others=(Other(name="old", packages=("numpy<2",)),)), tmp_path, Silent())


def test_a_server_runs_in_one_and_knows_the_others(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    settings = Settings.model_validate({"environment": {"others": [GPU]}})
    applied = Applied(settings, "1", Ports(1, 2, 3), Path("/e/a"), root=False, others=(("gpu", Path("/e/g")),))
    write_applied(layout, applied)
    assert read_applied(layout) == applied
    server = applied.running_in("gpu")
    assert (server.environment, server.chosen, server.others) == (Path("/e/g"), "gpu", (("", Path("/e/a")),))
    assert server.running_in("") == applied and applied.running_in("gone") == applied
    variables = told.variables(server.chosen, server.others)
    assert variables[environments.CHOSEN_VARIABLE] == "gpu"
    assert json.loads(variables[environments.OTHERS_VARIABLE]) == {"scikit-rt": "/e/a"}


def test_a_kernel_of_another_environment_has_its_own_commands(tmp_path: Path) -> None:
    (tmp_path / "gpu" / "bin").mkdir(parents=True)
    (tmp_path / "gpu" / "bin" / "python").touch()
    folders = {"gpu": str(tmp_path / "gpu"), "gone": str(tmp_path / "gone")}
    assert environments.others({environments.OTHERS_VARIABLE: json.dumps(folders)}) == {"gpu": tmp_path / "gpu"}
    described = environments.kernel("gpu", tmp_path / "gpu", {"PATH": "/env/bin:/usr/bin"})
    assert described["argv"][0] == str(tmp_path / "gpu/bin/python")
    assert described["display_name"] == "Python 3 (gpu)"
    assert described["env"]["PATH"] == f"{tmp_path}/gpu/bin:/env/bin:/usr/bin"


@pytest.mark.parametrize("nonsense", ["", "no JSON", "[1]", '"x"', '{"a": 1}'])
def test_what_a_participant_writes_there_is_no_obstacle(nonsense: str) -> None:
    assert environments.others({environments.OTHERS_VARIABLE: nonsense}) == {}


def test_only_those_that_ask_for_it_have_a_fork_server() -> None:
    both = [GPU, {"name": "plain"}]
    settings = Settings.model_validate({"environment": {"others": both}})
    assert [fork_servers.used(settings, name) for name in ("", "gpu", "plain")] == [True, True, False]
    without = Settings.model_validate({"environment": {"others": both}, "fork_server": False})
    assert not fork_servers.used(without, "gpu")


def test_a_bundle_brings_the_versions_of_all(tmp_path: Path) -> None:
    file = tmp_path / "hub.bundle"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(bundled.LOCK, b"one==1")
        packed.writestr(bundled.lock_in_bundle("gpu"), b"torch==2")
    given = OwnPackages(others=(Other(name="gpu", packages=("torch",)),), lock=tmp_path / "hub.lock.txt")
    made = bundled.Contents("1", "3.11", "3.11", "x86_64", "a", others=(("gpu", "b"),))
    bundled.Bundle(file, made).put_locks(given)
    assert (tmp_path / "hub.lock.gpu.txt").read_bytes() == b"torch==2"
    assert not (tmp_path / "hub.lock.txt").exists()
