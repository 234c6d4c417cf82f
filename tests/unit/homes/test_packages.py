"""`skrt-hub packages`: what a person sees, and what a pod may answer."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from skrt_hub.cli import main
from skrt_hub.errors import ClusterError
from skrt_hub.homes.packages import answered
from skrt_hub.hub.names import Places
from skrt_hub.layout import Layout
from skrt_workspace.home.packages import Installed, Package, SetAside
from tests.support.json_output import validate
from tests.unit.workspace.test_home_packages import SITE, add


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.chdir(tmp_path)
    made = Layout(tmp_path / "state")
    made.hub.mkdir(parents=True)
    for name in ("anna", "bob"):
        home = made.home(Places(made.folders).ensure(name).folder)
        home.mkdir(parents=True)
    add(made.home("anna"), "mine", "1.0", "mine.py")
    return made


def run(layout: Layout, *words: str) -> int:
    return main(["packages", *words, "--state", str(layout.root)])


def test_who_installed_what_and_the_way_back(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(layout, "list") == 0
    told = capsys.readouterr().out
    assert "mine" in told
    assert "Nothing installed: bob." in told
    assert run(layout, "reset", "anna", "bob") == 0
    told = capsys.readouterr().out
    assert "bob: nothing was installed." in told
    assert "skrt-hub participants restart anna" in told
    way_back = next(line for line in told.splitlines() if "mv -T" in line).split()
    (layout.home("anna") / way_back[-2]).rename(layout.home("anna") / way_back[-1])
    assert (layout.home("anna") / SITE / "mine.py").exists()


def test_the_documents_are_as_the_schema_says(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    codes = {"list": 0, "list anna": 0, "reset anna": 0, "list zoe": 18, "reset": 2, "reset zoe": 18}
    for words, code in codes.items():
        assert run(layout, *words.split(), "--json") == code, words
        validate(["packages"], json.loads(capsys.readouterr().out))


def test_nobody_is_reset_where_one_name_is_unknown(layout: Layout) -> None:
    assert run(layout, "reset", "anna", "zoe") == 18
    assert (layout.home("anna") / SITE / "mine.py").exists()


def test_what_a_participant_wrote_cannot_speak_for_the_command(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = layout.home("anna") / SITE / "mine-1.0.dist-info"
    (notes / "METADATA").write_text("Name: a\x1b[2J\u2028b\rNothing installed: anna.\nVersion: [red]1[/]\n")
    assert run(layout, "list", "anna") == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "[red]1[/]" in told
    assert not any(line.startswith("Nothing installed") for line in told.splitlines())


def test_a_pods_answer_is_taken_only_where_it_is_one() -> None:
    said = Installed((Package("mine", "1.0", "3.13", 8192),), 7)
    assert answered(Installed, json.dumps(asdict(said)), "anna") == said
    old = "/opt/python: No module named skrt_workspace.home.packages\ncommand terminated with exit code 1"
    for text in (old, "", "null", '{"packages": 3}', '[{"name": 1}]'):
        with pytest.raises(ClusterError) as told:
            answered(Installed, text, "anna")
        assert "restart anna" in told.value.remedy
    with pytest.raises(ClusterError):
        answered(SetAside, '{"moved": [["a"]]}', "anna")
