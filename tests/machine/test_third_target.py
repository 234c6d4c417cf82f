"""A target is one entry in one table: one that skrt-hub does not have is driven through the real command line."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    hub_yaml = tmp_path / "hub.yaml"
    hub_yaml.write_text(f"target: program\nport: {port}\nparticipants: [anna, bob]\n")

    def run(*words: str, code: int = 0, typed: str = "") -> dict[str, Any]:
        command = [sys.executable, "-m", "tests.support.third_target"]
        where = ["--config", str(hub_yaml), "--state", str(tmp_path / "state"), "--json"]
        done = subprocess.run(
            [*command, *words, *where],
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=PROJECT,
        )
        assert done.returncode == code, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    yield run
    run("stop")


def test_a_target_of_ones_own_is_driven_through_the_command_line(
    run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    assert run("status")["state"] == "absent"
    url = run("up")["url"]
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.status == 200
    assert run("up")["changed"] is False
    assert run("status")["state"] == "running"
    run("participants", "password", "anna", typed="a long password\n")
    rows = {row["name"]: row["password"] for row in run("participants")["participants"]}
    assert rows == {"anna": True, "bob": False}
    (tmp_path / "state/homes/anna/notes.txt").write_text("work")
    assert len(run("save", "--to", str(tmp_path / "copies"))["homes"]) == 2
    (tmp_path / "state/homes/anna/notes.txt").unlink()
    run("restore", "anna", "--from", str(tmp_path / "copies"))
    assert (tmp_path / "state/homes/anna/notes.txt").read_text() == "work"
    run("stop")
    assert run("status")["state"] == "stopped"


def test_a_target_that_is_not_in_the_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").write_text("name: class\ntarget: program\n")
    command = [sys.executable, "-m", "skrt_hub", "status", "--config", str(tmp_path / "hub.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3
    assert "line 2: target: write `machine` or `kubernetes` or `container`; found 'program'" in done.stderr
