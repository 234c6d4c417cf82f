"""hub.yaml is read strictly: what is wrong is named with its line, and every key is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML

from skrt_hub.errors import SettingsError
from skrt_hub.login.names import NameRefusedError, normalised
from skrt_hub.settings.load import load_settings
from skrt_hub.settings.model import Settings
from skrt_hub.settings.template import commented_hub_yaml
from skrt_hub.settings.units import parse_duration, parse_size


def load(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "hub.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    return str(caught.value)


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == load(tmp_path, "# nothing\n") == Settings()


def test_sizes_and_times_are_read_with_units(tmp_path: Path) -> None:
    settings = load(tmp_path, "limits: {memory: 1.5 GB, idle: 90 min, home: 512 MiB}\n")
    assert settings.limits.memory == 1_500_000_000
    assert settings.limits.idle == 5400
    assert settings.limits.home == 512 * 2**20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot: 8001\n", ["line 1: prot", "did you mean `port`?"]),
        ("name: class\nlimits:\n  memry: 2 GB\n", ["line 3: limits.memry", "did you mean `memory`?"]),
        ("port: eighty\n", ["line 1: port", "'eighty'"]),
        ("\n\nport: 70000\n", ["line 3: port", "65535"]),
        ("limits: {memory: 2}\n", ["limits.memory: write the unit, too: 2 GB or 2 MB"]),
        ("limits: {home: 0.5}\n", ["limits.home: write the unit, too: 0.5 GB"]),
        ("limits: {memory: '2048'}\n", ["limits.memory: write the unit, too: 2048 GB or 2048 MB"]),
        ("kubernetes: {home_size: 5}\n", ["kubernetes.home_size: write the unit, too: 5 GB"]),
        ("limits: {memory: 100 MB}\n", ["limits.memory: write at least 256 MB"]),
        ("limits: {idle: 90}\n", ["limits.idle: write the unit, too: 90 s, 90 min"]),
        ("limits: {idle: '90'}\n", ["limits.idle: write a time as a number and a unit"]),
        ("kubernetes: {time_limit: 1 s}\n", ["kubernetes.time_limit: write at least 30 s"]),
        ("limits:\n  memory: 2 GG\n", ["line 2: limits.memory", "2 GB or 512 MB"]),
        ("limits:\n  idle: 2 weeks\n", ["line 2: limits.idle", "90 min"]),
        ("limits:\n  idle: 90\n", ["line 2: limits.idle", "90 min"]),
        ("limits: {memory: 1 MB}\n", ["line 1: limits.memory"]),
        ("name: My Hub\n", ["line 1: name"]),
        ("address: not_a_host\n", ["line 1: address", "IP address"]),
        ("material:\n  - folder: a\n    git: b\n", ["line 2: material.0", "exactly one of"]),
        ("material:\n  - {folder: a, at: v1}\n", ["line 2: material.0", "`at` goes with"]),
        ("data:\n  - {name: ../etc, folder: /x}\n", ["line 2: data.0.name"]),
        ("data:\n  - {name: ct, folder: /a}\n  - {name: ct, folder: /b}\n", ["two entries called ct"]),
        ("login: dummy\n", ["line 1: login.kind"]),
        (
            "kubernetes: {image: {push: 'https://registry.example.org/a'}}\n",
            ["kubernetes.image.push", "without https://"],
        ),
        ("kubernetes: {image: {push: registry.example.org/Physics}}\n", ["kubernetes.image.push", "lower case"]),
        ("kubernetes: {image: {push: physics}}\n", ["kubernetes.image.push", "docker.io/physics"]),
        ("- a\n- b\n", ["keys and values"]),
        ("port: [8000\n", ["line", "not YAML"]),
        ("port: 1\nport: 2\n", ["not YAML", "port"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    message = refused(tmp_path, text)
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    "push", ["registry.example.org/a/b-c", "127.0.0.1:5000/physics/", "localhost/x", "docker.io/me"]
)
def test_registries_are_taken_as_written(tmp_path: Path, push: str) -> None:
    assert load(tmp_path, f"kubernetes: {{image: {{push: '{push}'}}}}\n").kubernetes.image.push == push


def test_first_use_beyond_loopback_needs_an_explicit_line(tmp_path: Path) -> None:
    assert "beyond_loopback: true" in refused(tmp_path, "address: 0.0.0.0\n")
    settings = load(tmp_path, "address: 0.0.0.0\nlogin: {kind: first-use, beyond_loopback: true}\n")
    assert not settings.on_loopback
    assert settings.url == "http://127.0.0.1:8000/"


def test_relative_folders_are_taken_from_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, "data: [{name: ct, folder: images}]\nmaterial: [{folder: ../course}]\n")
    assert settings.data[0].folder == tmp_path / "images"
    assert settings.material[0].folder == tmp_path / ".." / "course"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings(tmp_path / "other.yaml")


def test_every_key_has_a_description() -> None:
    def undocumented(model: type[BaseModel], path: str = "") -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            if not field.description:
                found.append(path + name)
            inner = field.get_default(call_default_factory=True)
            if isinstance(inner, BaseModel):
                found += undocumented(type(inner), f"{path}{name}.")
        return found

    assert undocumented(Settings) == []


def test_the_commented_file_changes_nothing_and_shows_every_key(tmp_path: Path) -> None:
    text = commented_hub_yaml()
    assert load(tmp_path, text) == Settings()
    uncommented = "\n".join(
        line[2:] for line in text.splitlines() if line.startswith("# ") and ":" in line and not line.startswith("#   ")
    )
    top_level = YAML(typ="safe").load(
        "\n".join(line for line in uncommented.splitlines() if not re.match(r"hub(?!_config:)", line))
    )
    assert set(Settings.model_fields) <= set(top_level)


def test_the_commented_file_with_every_line_switched_on_is_the_defaults(tmp_path: Path) -> None:
    lines = []
    for line in commented_hub_yaml().splitlines()[2:]:
        body = line[2:] if line.startswith("# ") else line
        key = body.strip().split(":")[0]
        if key.isidentifier() and ":" in body:
            lines.append(body)
    assert load(tmp_path, "\n".join(lines) + "\n") == Settings()


@given(st.integers(0, 10**15))
def test_a_size_in_bytes_is_itself(value: int) -> None:
    assert parse_size(str(value)) == value
    assert parse_size(value) == value


@given(st.text())
def test_sizes_and_times_never_fail_but_with_a_reason(text: str) -> None:
    for parse in (parse_size, parse_duration):
        try:
            assert parse(text) >= 0
        except ValueError as error:
            assert "write a" in str(error)


NAMES = [
    *("anna", "Anna", "Bj\u00f6rn Fritz", "o'neil", "a.b@c-d_e+f", "\u4e2d\u6587", "e\u0301"),
    *("a/b", "..", "?? ", "", "a" * 101, "a\tb"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_listed_name_is_judged_as_at_the_log_in(name: str) -> None:
    try:
        expected = normalised(name)
    except NameRefusedError:
        with pytest.raises(ValidationError, match="cannot be a participant's name"):
            Settings(participants=(name,))
    else:
        assert Settings(participants=(name, name)).names == (expected,)


def test_slips_of_beginners_are_told_in_plain_words(tmp_path: Path) -> None:
    for text, words in {
        "participants: anna, chen": "write a list",
        "port: eighty": "write a whole number",
        "participants: [anna, 7]": "write a text",
        "participants: [anna, a/b]": "'a/b' cannot be a participant's name",
    }.items():
        assert words in refused(tmp_path, text)
