"""How the hub gets a control group of its own from systemd, and how it settles there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.errors import ProgramError
from skrt_hub.hub import control_groups, delegation, own_group
from skrt_hub.hub.delegation import Facts
from skrt_hub.layout import Layout
from skrt_hub.process import Finished
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine import layers

USER = Facts(
    root=False,
    name="anna",
    unified=True,
    manager="/run/user/7/systemd/private",
    program="/usr/bin/systemd-run",
    lingers=True,
    runtime="/run/user/7",
)
ROOT = replace(USER, root=True, name="root", manager="/run/systemd/system", lingers=False)


@pytest.mark.parametrize(("facts", "user_manager"), [(USER, True), (ROOT, False)])
def test_systemd_is_asked_for_a_group_that_it_leaves_to_the_hub(facts: Facts, user_manager: bool) -> None:
    way = delegation.choose(facts)
    assert {"--scope", "--property=Delegate=yes"} <= set(way.before)
    assert ("--user" in way.before) is user_manager
    assert not way.why


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (replace(USER, unified=False), "version 2"),
        (replace(USER, manager=""), "systemd --user"),
        (replace(USER, program=""), "systemd --user"),
        (replace(ROOT, manager=""), "systemd does not run here"),
    ],
)
def test_without_it_nothing_is_put_before_the_hub(facts: Facts, why: str) -> None:
    way = delegation.choose(facts)
    assert way.before == ()
    assert why in way.why


def test_log_out_never_ends_the_hub() -> None:
    way = delegation.choose(replace(USER, lingers=False))
    assert way.before == ()
    assert "log-out" in way.why
    assert "loginctl enable-linger anna" in way.remedy


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("cpu memory pids\n", ""),
        ("cpu pids\n", "memory"),
        (ProgramError("systemd-run failed.", why="Failed to connect\nto bus: No such file"), "No such file"),
    ],
)
def test_a_way_counts_once_it_was_tried(monkeypatch: pytest.MonkeyPatch, answer: str | ProgramError, why: str) -> None:
    def run(words: tuple[str, ...], **_: Any) -> Finished:
        if isinstance(answer, ProgramError):
            raise answer
        return Finished(words, 0, answer, "")

    monkeypatch.setattr(delegation, "find", lambda: USER)
    monkeypatch.setattr(delegation, "run", run)
    way = delegation.tried()
    assert bool(way.before) is (not why)
    assert why in way.why
    command = delegation.command(Path("/state"))
    assert bool(command) is (not why)
    assert not command or command[-1] == control_groups.beginning(Path("/state"))


def test_the_hub_settles_beside_its_participants(tmp_path: Path) -> None:
    own = _scope(tmp_path / "skrt-hub-1-b.scope", "cpu io memory pids")
    own_group.settle("skrt-hub-1-", own)
    assert (own / "hub" / "cgroup.procs").read_text() == "0"
    assert (own / "cgroup.subtree_control").read_text() in {"+memory", "+pids", "+cpu"}


def test_it_comes_back_to_the_servers_that_a_killed_hub_left(tmp_path: Path) -> None:
    before = _scope(tmp_path / "skrt-hub-1-a.scope", "memory pids", used=True)
    _scope(tmp_path / "skrt-hub-2-a.scope", "memory pids", used=True)  # another hub's
    own = _scope(tmp_path / "skrt-hub-1-b.scope", "memory pids")
    own_group.settle("skrt-hub-1-", own)
    assert (before / "hub" / "cgroup.procs").read_text() == "0"
    assert not (own / "hub").exists()


@pytest.mark.parametrize("way", [delegation.Way(("x",)), delegation.Way(why="because", remedy="Do this.")])
@pytest.mark.parametrize("enforced", [True, False])
@pytest.mark.parametrize("runs", [True, False])
def test_what_is_missing_is_what_the_running_hub_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: delegation.Way, enforced: bool, runs: bool
) -> None:
    layout = Layout(tmp_path)
    layout.expected.parent.mkdir(parents=True, exist_ok=True)
    if runs:
        layout.expected.write_text('{"pid": 7}')
    versions = {7: 2 if enforced else None}
    monkeypatch.setattr(control_groups, "version", lambda process=None: versions.get(process))
    monkeypatch.setattr(delegation, "tried", lambda: way)
    words = [line for line in layers.missing(Settings(), layout) if line.startswith("control groups")]
    assert bool(words) is not (enforced if runs else bool(way.before))
    if words and way.why:
        assert "because" in words[0]
        assert words[0].endswith("Do this.")
    elif words:
        assert "skrt-hub stop" in words[0]


def _scope(group: Path, controllers: str, *, used: bool = False) -> Path:
    group.mkdir()
    (group / "cgroup.controllers").write_text(controllers)
    (group / "cgroup.subtree_control").write_text("")
    (group / "cgroup.events").write_text(f"populated {int(used)}\nfrozen 0\n")
    if used:
        (group / "hub").mkdir()
    return group
