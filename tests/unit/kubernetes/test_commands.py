"""Commands that are for Kubernetes leave a hub on this machine alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from skrt_hub.cli import main
from skrt_hub.commands.image import ACTIONS

FOR_KUBERNETES = [*(["image", action] for action in ACTIONS), ["render"], ["render", "--no-check"]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a hub.yaml for this machine, and with material that a command could fetch."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")  # neither a builder nor Helm is looked for
    (tmp_path / "course").mkdir()
    (tmp_path / "hub.yaml").write_text("target: machine\nmaterial: [{folder: course}]\n")
    return tmp_path


@pytest.mark.parametrize("words", FOR_KUBERNETES, ids=" ".join)
def test_a_hub_on_this_machine_is_refused_before_anything_is_done(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--state", "state"]) == 3
    assert "--target kubernetes" in capsys.readouterr().err
    assert not (folder / "state").exists()


@pytest.mark.parametrize("words", FOR_KUBERNETES, ids=" ".join)
def test_the_state_folder_of_a_hub_on_this_machine_is_left_as_it_is(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = folder / "state"
    state.mkdir()
    (state / "hub.json").write_text('{"target": "machine"}')
    assert main([*words, "--target", "kubernetes", "--state", "state"]) == 9
    assert "use --state" in capsys.readouterr().err
    assert [path.name for path in state.iterdir()] == ["hub.json"]


def test_with_the_target_named_the_image_has_a_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["image", "name", "--target", "kubernetes", "--state", "state"]) == 0
    assert "skrt-hub" in capsys.readouterr().out
