"""What a hub in a container has by default, where hub.yaml says nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skrt_hub.context import Context
from skrt_hub.hub.reach import addresses_of, names_of
from skrt_hub.layout import Layout
from skrt_hub.progress import Silent
from skrt_hub.settings import container
from skrt_hub.settings.load import load_settings
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine import data_links, reach_checks, up


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv(container.VARIABLE, "1")
    return monkeypatch


def written(folder: Path, text: str) -> Settings:
    (folder / "hub.yaml").write_text(text, encoding="utf-8")
    return load_settings(folder / "hub.yaml")


def test_outside_of_a_container_nothing_changes() -> None:
    assert container.defaults({}, "") == {}
    assert load_settings(None) == Settings()


def test_it_counts_as_reachable(inside: pytest.MonkeyPatch) -> None:
    settings = load_settings(None)
    assert (settings.listen, settings.tls.authority, settings.login.kind) == ("0.0.0.0", "class", "codes")
    assert settings.organisers == ("organiser",)


def test_published_to_one_machine_it_is_as_on_that_machine(inside: pytest.MonkeyPatch) -> None:
    inside.setenv(container.VARIABLE, "http")
    settings = load_settings(None)
    assert (settings.tls.encrypted, settings.login.kind, settings.organisers) == (False, "first-use", ())


@pytest.mark.parametrize(("said", "heard"), [("http", False), ("1", True)])
def test_who_may_listen_is_told_only_where_somebody_can(
    inside: pytest.MonkeyPatch, tmp_path: Path, said: str, heard: bool
) -> None:
    inside.setenv(container.VARIABLE, said)
    settings = written(tmp_path, "tls: {}\nlogin: {kind: first-use, beyond_loopback: true}\n")
    lines = up.reach(Context(settings, Layout(tmp_path), Silent()))
    assert any("whoever listens" in line for line in lines) is heard
    assert reach_checks.encryption(settings, Layout(tmp_path)).ok is not heard


@pytest.mark.parametrize(
    "text", ["login: codes\nparticipants: [anna]\n", "login: {kind: codes}\nparticipants: [anna]\n"]
)
def test_a_kind_of_log_in_stays_what_hub_yaml_says(inside: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    inside.setenv(container.VARIABLE, "http")
    assert written(tmp_path, text).login.kind == "codes"


def test_what_hub_yaml_says_stands(inside: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = written(tmp_path, "participants: [anna]\nlogin: class-password\ntls: {proxy: [192.0.2.7]}\n")
    assert (settings.login.kind, settings.tls.authority, settings.organisers) == ("class-password", "", ())


def test_another_target_is_left_alone(inside: pytest.MonkeyPatch) -> None:
    assert container.defaults({"target": "kubernetes"}, "1") == {}


def test_a_containers_own_addresses_are_told_to_nobody(inside: pytest.MonkeyPatch) -> None:
    assert addresses_of(load_settings(None)) == ("https://127.0.0.1:8000/",)


def test_shared_data_is_found_by_its_name(inside: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "data"
    (place / "taken").mkdir(parents=True)
    (place / "old").symlink_to(tmp_path / "gone")
    settings = written(tmp_path, "data: [{name: lungs, folder: lungs}, {name: taken, folder: other}]\n")
    assert data_links.show(settings, Layout(tmp_path / "state"), place) == ("taken",)
    assert (place / "lungs").readlink() == tmp_path / "lungs"
    assert not (place / "old").is_symlink()
    assert data_links.show(settings, Layout(tmp_path / "state"), place) == ("taken",)


def test_a_number_as_public_url_is_in_the_certificate_as_an_address(inside: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = names_of(written(tmp_path, "public_url: https://192.168.1.7:8000\n"))
    assert "192.168.1.7" in names.addresses
    assert "192.168.1.7" not in names.hosts


@pytest.mark.skipif(os.geteuid() != 0, reason="only the container's root makes these links")
def test_shared_folders_are_found_by_their_usual_path_and_nobodys_file_is_in_the_way(
    inside: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    layout, place = Layout(tmp_path / "state"), tmp_path / "shared"
    data_links.show_shared(Settings(), layout, place)
    assert not place.exists(), "nobody shares: nothing is made"
    both = Settings.model_validate({"shared": [{"name": "project"}, {"name": "sheets"}]})
    data_links.show_shared(both, layout, place)
    assert (place / "project").readlink() == layout.shared / "project"
    (place / "own").mkdir()
    data_links.show_shared(Settings.model_validate({"shared": [{"name": "own"}]}), layout, place)
    assert sorted(path.name for path in place.iterdir()) == ["own"]
    assert not (place / "own").is_symlink()
