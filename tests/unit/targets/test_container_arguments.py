"""`target: container`: how docker or podman is called, and how a command is typed within."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest

from skrt_hub.errors import SettingsError, UsageError
from skrt_hub.settings import container
from skrt_hub.settings.load import load_settings
from skrt_hub.targets.container import arguments
from skrt_hub.targets.container.arguments import Place
from skrt_hub.targets.container.hub import ContainerHub
from skrt_hub.targets.registry import places


def place(folder: Path, text: str = "") -> Place:
    config = folder / "hub.yaml"
    config.write_text(f"name: physics\ntarget: container\n{text}", encoding="utf-8")
    return Place(load_settings(config, targets=places()), config)


def options(words: list[str], name: str) -> list[str]:
    return [value for option, value in itertools.pairwise(words) if option == name]


def test_a_hub_for_this_machine_is_published_to_it_alone(tmp_path: Path) -> None:
    words = arguments.run_words(place(tmp_path, "port: 8123"), "skrt-hub", "sha256:1")
    assert options(words, "--publish") == ["127.0.0.1:8123:8123"]
    assert options(words, "--env") == ["SKRT_HUB_CONTAINER=http"]
    volume = "type=volume,source=skrt-hub-physics,target=/var/lib/skrt-hub"
    assert options(words, "--mount") == [volume, f"type=bind,source={tmp_path},target=/hub"]
    assert "--privileged" not in words
    assert words[-1] == "skrt-hub"


def test_a_hub_for_a_class_is_published_to_everybody_and_encrypted(tmp_path: Path) -> None:
    words = arguments.run_words(place(tmp_path, "address: lan\ntls: class"), "skrt-hub", "sha256:1")
    assert options(words, "--publish") == ["0.0.0.0:8000:8000"]
    assert options(words, "--env") == []


def test_an_open_hub_is_refused_as_on_a_machine(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be used"):
        place(tmp_path, "address: lan\nlogin: first-use")


def test_a_change_of_what_it_is_made_with_is_noticed(tmp_path: Path) -> None:
    first = arguments.run_words(place(tmp_path), "skrt-hub", "sha256:1")
    again = arguments.run_words(place(tmp_path, "limits: {cpu: 2}"), "skrt-hub", "sha256:1")
    other_port = arguments.run_words(place(tmp_path, "port: 8001"), "skrt-hub", "sha256:1")
    other_image = arguments.run_words(place(tmp_path), "skrt-hub", "sha256:2")
    assert arguments.made_with(first) == arguments.made_with(again)
    assert len({arguments.made_with(words) for words in (first, other_port, other_image)}) == 3


def test_what_hub_yaml_names_beyond_its_folder_is_there_to_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "class"
    folder.mkdir()
    text = (
        f"data: [{{name: ct, folder: {tmp_path}/ct}}]\nmaterial: [folder: lessons]\nsaves: {{place: {tmp_path}/copies}}"
    )
    found = options(arguments.run_words(place(folder, text), "skrt-hub", "1"), "--mount")[2:]
    copies, data = f"{tmp_path}/copies", f"{tmp_path}/ct"
    assert found == [
        f"type=bind,source={copies},target={copies}",
        f"type=bind,source={data},target={data},readonly",
    ]


@pytest.mark.parametrize("name", ["week 3: registration", 'with "quotes", and commas'])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    words = arguments.run_words(place(folder), "skrt-hub", "1")
    (read,) = csv.reader([options(words, "--mount")[1]])
    assert read == ["type=bind", f"source={folder}", "target=/hub"]


def test_a_command_is_typed_within_with_the_paths_that_it_has_there(tmp_path: Path) -> None:
    hub = place(tmp_path)
    typed = ["--target", "container", "save", "anna", "--to", "copies", f"--config={hub.config}"]
    words = arguments.inside(typed, {"names": ("anna",), "to": "copies"}, hub, tmp_path)
    assert words == ["skrt-hub", "save", "anna", "--to", "/hub/copies", "--config", "/hub/hub.yaml"]
    below = arguments.inside(
        ["collect", "a.ipynb", "--to=handed"], {"path": "a.ipynb", "to": Path("handed")}, hub, tmp_path / "below"
    )
    assert below[1:4] == ["collect", "a.ipynb", "--to=/hub/below/handed"]
    bucket = arguments.inside(["save", "--to", "s3://bucket/x"], {"to": "s3://bucket/x"}, hub, tmp_path)
    assert "s3://bucket/x" in bucket


def test_a_path_that_the_container_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not have /elsewhere/copies"):
        arguments.inside(["save", "--to", "/elsewhere/copies"], {"to": "/elsewhere/copies"}, place(tmp_path), tmp_path)


def test_within_it_is_a_hub_on_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = place(tmp_path, "address: 127.0.0.1")
    monkeypatch.setenv(container.VARIABLE, "http")
    settings = load_settings(hub.config)
    assert (settings.target, settings.listen, settings.login.kind) == ("machine", "0.0.0.0", "first-use")


def test_it_needs_a_hub_yaml(tmp_path: Path) -> None:
    from skrt_hub.context import Context
    from skrt_hub.layout import Layout
    from skrt_hub.progress import Silent

    hub = place(tmp_path)
    with pytest.raises(UsageError, match=r"needs a hub\.yaml"):
        ContainerHub(Context(hub.settings, Layout(tmp_path / "state"), Silent()), None)
