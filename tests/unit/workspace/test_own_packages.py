"""A participant's own packages: what pip is told, what is refused, and where the path ends."""

from __future__ import annotations

import site
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from skrt_workspace import startup
from skrt_workspace.packages import installing

HELD = installing.locked("numpy==2.5.5\nruamel.yaml==0.18.1\n")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str]]:
    """What a stand-in for pip's entry was called with, and the prefix then; in an environment that holds numpy."""
    prefix = tmp_path / "environment"
    constraints = prefix / installing.CONSTRAINTS_IN_PREFIX
    constraints.parent.mkdir(parents=True)
    constraints.write_text("numpy==2.5.5\n")
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "exec_prefix", str(prefix))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in installing.settings(tmp_path, constraints):
        monkeypatch.setenv(name, "")
    return []


def entry_of(name: str, calls: list[tuple[list[str], str]]) -> Any:
    module = ModuleType("pip._internal.cli.main")

    def original(arguments: list[str]) -> int:
        calls.append((arguments, sys.prefix))
        return 0

    installing.load_pip_main(module, lambda made: setattr(made, name, original))
    return getattr(module, name)


@pytest.mark.parametrize("name", ["cli", "main"])
def test_pip_installs_into_the_home(name: str, calls: list[tuple[list[str], str]], tmp_path: Path) -> None:
    assert entry_of(name, calls)(["install", "--user", "tabulate"]) == 0
    assert calls == [(["install", "tabulate"], str(tmp_path / "home" / ".local"))]


def test_pip_with_a_place_of_its_own_is_left_alone(calls: list[tuple[list[str], str]]) -> None:
    before = sys.prefix
    entry_of("cli", calls)(["install", "--target=lib", "numpy<2"])
    entry_of("cli", calls)(["list"])
    assert calls == [(["install", "--target=lib", "numpy<2"], before), (["list"], before)]


def test_another_version_of_a_locked_package_is_refused_in_words(
    calls: list[tuple[list[str], str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry_of("cli", calls)(["install", "numpy<2"]) == 1
    assert calls == []
    told = capsys.readouterr().err
    assert "numpy" in told and "2.5.5" in told and "hub.yaml" in told


@pytest.mark.parametrize("word", ["numpy", "numpy==2.5.5", "numpy>=2", "tabulate==1", "./numpy", "-U", "a b c"])
def test_what_does_not_clash_is_not_refused(word: str) -> None:
    assert installing.refused(["install", word], HELD) == ""


@pytest.mark.parametrize("word", ["Ruamel_YAML<0.18", "numpy==1.26.4"])
def test_names_are_compared_as_the_index_does(word: str) -> None:
    assert "part of the class's environment" in installing.refused(["install", word], HELD)


def test_own_packages_come_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "path", ["/environment"])
    startup.show_own_packages()
    assert sys.path == ["/environment"]  # there is no such folder
    Path(startup.own_packages()).mkdir(parents=True)
    startup.show_own_packages()
    startup.show_own_packages()
    assert sys.path == ["/environment", startup.own_packages()]
    assert startup.own_packages() == str(
        tmp_path / ".local" / "lib" / Path(site.__file__).parent.name / "site-packages"
    )


def test_a_python_that_leaves_them_out_gives_them_to_the_kernels_that_it_forks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "path", ["/environment"])
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "flags", SimpleNamespace(no_user_site=1, verbose=0))
    Path(startup.own_packages()).mkdir(parents=True)
    startup.begin()
    assert sys.path == ["/environment"]
    startup.show_own_packages()  # what a kernel does, in a pod as a child of a Python with `-s`
    assert sys.path == ["/environment", startup.own_packages()]


def test_the_server_leaves_them_out() -> None:
    from skrt_workspace import server_command

    assert server_command.command("/python")[:4] == ("/python", "-P", "-s", "-m")
    assert server_command.arguments_of(server_command.command("/python", "--port=1"), "/python") == ["--port=1"]
