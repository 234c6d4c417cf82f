"""Saves that a hub in a cluster makes by itself: started and ended with the hub, and told where they do not run."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skrt_hub.files import ensure_folder, write_json
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.background import forward, saver
from skrt_hub.targets.kubernetes.background.program import Background
from tests.support.hubs import free_port

FORWARDER = "skrt_hub.targets.kubernetes.background.forwarder"
PROGRAM = """
import json, sys, time
from pathlib import Path
from skrt_hub.targets.kubernetes.background.program import alone
document = json.loads(Path(sys.argv[1]).read_text())
with alone(document) as only_one:
    print(document["told"], only_one, flush=True)
    while only_one:
        time.sleep(0.1)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Background]:
    (tmp_path / "waiter.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = Background("waiter", "waiter", Layout(tmp_path / "state"))
    yield made
    made.stop()


def test_a_program_runs_until_it_is_ended(program: Background) -> None:
    assert not program.running
    program.start({"port": 1})
    assert program.running
    assert program.runs_with({"port": 1})
    assert not program.runs_with({"port": 2})
    assert program.stop()
    assert not program.running
    assert not program.stop()
    assert "True" in program.last_words()


def test_a_second_one_leaves_the_first_alone(program: Background) -> None:
    program.start({"port": 1})
    again = [sys.executable, "-m", "waiter", str(program.layout.run / "waiter.json")]
    done = subprocess.run(again, capture_output=True, text=True, timeout=30, check=True)
    assert "False" in done.stdout
    assert program.running


def wants(every: str) -> Settings:
    return Settings.model_validate({"target": "kubernetes", "saves": {"place": "/mnt/copies", "every": every}})


def test_the_saver_ends_by_itself_when_no_saves_are_wanted_any_more(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    ensure_folder(layout.root)
    write_json(layout.applied, {"target": "kubernetes", "settings": Settings().model_dump(mode="json")})
    saver.ensure(wants("24 h"), layout)
    end = time.monotonic() + 20
    while Background("saves", "", layout).running:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_status_says_when_the_saver_does_not_run(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert "skrt-hub open" in saver.note(wants("24 h"), layout, hub_runs=True)
    assert saver.note(wants("24 h"), layout, hub_runs=False) == ""
    assert saver.note(Settings(), layout, hub_runs=True) == ""


def test_a_way_to_the_cluster_that_fails_is_logged_told_and_begun_again(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    told = {"kubectl": [str(tmp_path / "kubectl")], "namespace": "class", "address": "127.0.0.1", "port": free_port()}
    program = Background(forward.NAME, FORWARDER, layout)
    program.start({**told, "socket": str(tmp_path / "kube.sock")})
    try:
        end = time.monotonic() + 30
        while program.log.read_text().count("begun again") < 2:  # before, it ended unheard at the first
            assert time.monotonic() < end, program.log.read_text()
            time.sleep(0.1)
        (words,) = forward.program(layout).troubles()
        assert "the way to the cluster" in words and "kubectl" in words
    finally:
        program.stop()
    assert forward.program(layout).troubles() == []
