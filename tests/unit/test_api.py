"""The verbs as a Python program uses them."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import skrt_hub
from skrt_hub import Hub, SkrtHubError
from skrt_hub.cli import VERBS
from skrt_hub.errors import SettingsError, StateError, UsageError

NOT_A_HUBS = {"init", "render", "image"}
"""Verbs about a file, or about what is made for a cluster."""


def test_a_hub_is_read_as_the_command_line_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Hub.load().context.settings.name == "skrt-hub"
    Path("hub.yaml").write_text("name: physics\n")
    hub = Hub.load(state="state", port=8100)
    assert (hub.context.settings.name, hub.context.settings.port) == ("physics", 8100)
    assert hub.context.layout.root == tmp_path / "state"
    assert (hub.status().name, hub.status().state) == ("physics", "absent")
    with pytest.raises(StateError, match="There is no hub “physics”"):
        hub.participants()


def test_faults_are_errors_with_three_parts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as fault:
        Hub.load(tmp_path / "none.yaml")
    assert isinstance(fault.value, SkrtHubError)
    assert fault.value.remedy
    with pytest.raises(UsageError):
        Hub.load(state=tmp_path / "a$b")


@pytest.mark.parametrize("verb", sorted(set(VERBS) - NOT_A_HUBS))
def test_the_command_line_uses_it(verb: str) -> None:
    module = importlib.import_module(f"skrt_hub.commands.{VERBS[verb]}")
    tree = ast.parse(inspect.getsource(module))
    called = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("hub")
    }
    assert called & {name for name, _ in inspect.getmembers(Hub, inspect.isfunction)}, f"{verb} does the work itself"


def test_what_the_package_gives_is_named() -> None:
    assert {name for name in skrt_hub.__all__ if hasattr(skrt_hub, name)} == {"Hub", "SkrtHubError", "__version__"}
    with pytest.raises(AttributeError, match="Hup"):
        _ = skrt_hub.Hup
