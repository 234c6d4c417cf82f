"""Homes reached through an agent: the agent is the real one, at the end of real pipes."""

import dataclasses
import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from skrt_hub.errors import ClusterError
from skrt_hub.homes.access import File, Home
from skrt_hub.homes.on_machine import MachineHomes
from skrt_hub.homes.remote import Agent
from skrt_hub.layout import Layout
from skrt_hub.snapshots import operations
from skrt_hub.snapshots.contents import Lazy
from skrt_workspace.home import transfer
from skrt_workspace.home.content import PIECE
from skrt_workspace.home.scan import FILE, FOLDER, Entry, scan
from skrt_workspace.home.transfer import Step
from skrt_workspace.home.tree import Tree
from tests.support.homes import fill, hub, state
from tests.support.homes import home as home_of


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def agent(home: Path) -> Iterator[Agent]:
    made = Agent([sys.executable, "-m", "skrt_workspace.home.agent", str(home)], "the home")
    yield made
    made.close()


def steps_from(folder: Path) -> Iterator[Step]:
    for entry in scan(str(folder)):
        if entry.kind == FOLDER:
            yield Step(entry.path, FOLDER, entry.mode, entry.mtime)
        elif entry.kind == FILE:
            digest = Tree(str(folder)).look(entry.path)
            content = (folder / entry.path).read_bytes()
            pieces = [content[start : start + PIECE] for start in range(0, len(content), PIECE)] or [b""]
            yield Step(entry.path, FILE, entry.mode, entry.mtime, digest=str(digest), pieces=pieces)
        elif entry.kind in "lh":
            yield Step(entry.path, entry.kind, mtime=entry.mtime, target=entry.target)


def test_the_home_is_seen_as_from_inside(agent: Agent, home: Path) -> None:
    fill(home)
    assert list(agent.scan()) == list(scan(str(home)))
    with agent.reading("sub/large") as file:
        assert b"".join(file.pieces()) == (home / "sub/large").read_bytes()
    assert file.settled
    assert dict(agent.digests(["sub/large", "out", "none"])) == dict(
        transfer.digests(str(home), ["sub/large", "out", "none"])
    )


def test_a_file_that_is_not_read_to_its_end_does_not_disturb_the_next(agent: Agent, home: Path) -> None:
    fill(home)
    with agent.reading("sub/large") as file:
        next(iter(file.pieces()))
    with agent.reading("note.ipynb") as file:
        assert b"".join(file.pieces()) == b'{"cells": []}'


def test_what_is_sent_arrives_whole(agent: Agent, home: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    fill(source)
    assert agent.receive(steps_from(source)) == []
    assert state(home) == state(source)


def test_a_step_that_fails_spares_the_others(agent: Agent, home: Path) -> None:
    content = b"x" * 1000
    wrong = Step("wrong", FILE, digest="0" * 64, pieces=[content])
    (home / "taken").write_text("mine")
    digest = hashlib.sha256(content).hexdigest()
    problems = agent.receive(
        [
            wrong,
            Step("taken", FILE, digest=digest, pieces=[content]),
            Step("right", FILE, digest=digest, pieces=[content]),
        ]
    )
    assert sorted(problem.path for problem in problems) == ["taken", "wrong"]
    assert sorted(path.name for path in home.iterdir()) == ["right", "taken"]
    assert (home / "taken").read_text() == "mine"


def test_a_way_that_is_cut_is_told(home: Path) -> None:
    agent = Agent([sys.executable, "-c", "print('{\"no\": 1'); raise SystemExit('the pod is gone')"], "the home")
    with pytest.raises(ClusterError, match="was cut"):
        list(agent.scan())
    agent.close()


def test_lazy_pieces_can_be_sent_twice() -> None:
    from functools import partial

    pieces = Lazy(partial(iter, [b"a"]))
    assert list(pieces) == list(pieces) == [b"a"]


class PodHomes(MachineHomes):
    """Homes that are reached as those in pods are: one file at a time, over one pipe."""

    at_once = False

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self._agents: dict[str, Agent] = {}
        self._folders = layout

    def _agent(self, home: Home) -> Agent:
        if home.folder not in self._agents:
            folder = self._folders.home(home.folder)
            folder.mkdir(exist_ok=True)
            command = [sys.executable, "-m", "skrt_workspace.home.agent", str(folder)]
            self._agents[home.folder] = Agent(command, "the home")
        return self._agents[home.folder]

    def scan(self, home: Home) -> Iterator[Entry]:
        return iter(list(self._agent(home).scan()))

    def reading(self, home: Home, path: str) -> AbstractContextManager[File]:
        return self._agent(home).reading(path)

    def digests(self, home: Home, paths: Iterable[str]) -> Iterator[tuple[str, str | None]]:
        return iter(list(self._agent(home).digests(paths)))

    def receive(self, home: Home, steps: Iterable[Step]) -> Iterator[transfer.Outcome]:
        return iter(self._agent(home).receive(steps))

    def close(self) -> None:
        for agent in self._agents.values():
            agent.close()


def test_a_class_moves_to_pods_and_back(tmp_path: Path) -> None:
    here = hub(tmp_path / "here", "anna", "bob")
    for name in ("anna", "bob"):
        fill(home_of(here, name))
    for number in range(200):
        (home_of(here, "bob") / f"small {number}").write_text(f"{number} " * 500)
    made = hub(tmp_path / "pods", "anna", "bob")
    homes = PodHomes(made.layout)
    pods = dataclasses.replace(made, find_homes=lambda: homes)
    back = hub(tmp_path / "back")
    try:
        operations.run_save(here, [], str(tmp_path / "there"))
        operations.run_restore(pods, [], str(tmp_path / "there"), None, None)
        assert all(not row.different for row in operations.run_compare(pods, [], str(tmp_path / "there")).homes)
        (home_of(pods, "bob") / "small 7").write_text("edited in the cluster")
        report = operations.run_save(pods, [], str(tmp_path / "back again"))
        assert [row.files for row in report.homes] == [6, 206]
        assert operations.run_save(pods, [], str(tmp_path / "back again")).new == 0
    finally:
        homes.close()
    operations.run_restore(back, [], str(tmp_path / "back again"), None, None)
    for name in ("anna", "bob"):
        assert state(home_of(back, name)) == state(home_of(pods, name))
    assert (home_of(back, "bob") / "small 7").read_text() == "edited in the cluster"
