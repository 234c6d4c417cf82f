"""The material rules over random histories of organiser and participant, against a model that keeps its own books."""

import itertools
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from skrt_workspace.home.tree import PART_PREFIX
from skrt_workspace.material.place import place_material
from tests.support.material import publish

NAMES = [
    "a.ipynb",
    "b.txt",
    "sub/c.txt",
    "sub/deep/d",
    "odd name\n\u00e4.txt",
    "sub",
    "x" * 250 + ".txt",
    "-rf",
    "\udce4.dat",
]


def tangle(one: str, other: str) -> bool:
    """Whether one name needs a folder where the other needs a file."""
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")


class History(RuleBasedStateMachine):
    """Keeps for each name what must be true of it.

    offered: what the organiser has now. mine: what the participant wrote there. untouched: given, and left alone.
    deleted: given, then deleted by the participant. Where a file stands in the way of a folder (or the other way
    round) the name is `tangled`: then only the participant's own files are checked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="material-rules-"))
        self.home, self.material = self.base / "home", self.base / "material"
        self.home.mkdir()
        (self.material / "versions").mkdir(parents=True)
        self.counter = itertools.count()
        self.offered: dict[str, bytes] = {}
        self.mine: dict[str, bytes] = {}
        self.untouched: dict[str, bytes] = {}
        self.deleted: set[str] = set()
        self.tangled: set[str] = set()
        self.ever_given: set[str] = set()
        self.ever_untouched: set[str] = set()
        self.own_deleted: set[str] = set()
        self.last_given: dict[str, bytes] = {}
        self.beside: dict[str, str] = {}  # where the new version of a file of the participant's lies

    def teardown(self) -> None:
        shutil.rmtree(self.base)

    def unique(self, who: str) -> bytes:
        return f"{who} {next(self.counter)}".encode()

    @rule(name=st.sampled_from(NAMES))
    def organiser_writes(self, name: str) -> None:
        for other in [other for other in self.offered if tangle(other, name)]:
            del self.offered[other]
        self.offered[name] = self.unique("organiser")

    @precondition(lambda self: self.offered)
    @rule(data=st.data())
    def organiser_removes(self, data: st.DataObject) -> None:
        del self.offered[data.draw(st.sampled_from(sorted(self.offered)))]

    @precondition(lambda self: self.offered)
    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def organiser_renames(self, data: st.DataObject, name: str) -> None:
        content = self.offered.pop(data.draw(st.sampled_from(sorted(self.offered))))
        if not any(tangle(other, name) for other in self.offered):
            self.offered[name] = content

    @rule(name=st.sampled_from(NAMES))
    def participant_writes(self, name: str) -> None:
        path = self.home / "course" / name
        if path.is_dir() or any(parent.is_file() for parent in path.parents):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self.mine[name] = self.unique("participant")
        path.write_bytes(self.mine[name])
        self.untouched.pop(name, None)
        self.deleted.discard(name)

    @precondition(lambda self: self.untouched or self.mine)
    @rule(data=st.data())
    def participant_deletes(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted({*self.untouched, *self.mine})))
        (self.home / "course" / name).unlink()
        if self.mine.pop(name, None) is None or name in self.ever_given:
            self.deleted.add(name)
        if name not in self.ever_untouched:
            self.own_deleted.add(name)
        self.untouched.pop(name, None)

    @precondition(lambda self: self.mine)
    @rule(data=st.data())
    def participant_accepts(self, data: st.DataObject) -> None:
        """Moves the new version that lies beside over the own file."""
        name = data.draw(st.sampled_from(sorted(self.mine)))
        content = self.offered.get(name)
        beside = self.beside.get(name)
        if content is None or beside is None or name in self.tangled:
            return
        if self.snapshot().get(beside) == content:
            (self.home / "course" / beside).rename(self.home / "course" / name)
            del self.mine[name]
            self.untouched[name] = self.last_given[name] = content

    @rule()
    def place(self) -> None:
        publish(self.material, self.offered, next(self.counter))
        outcome = place_material(self.home, self.material, self.base / "no-examples")
        assert not outcome.failed
        after = self.snapshot()
        for name, content in self.mine.items():
            assert after.get(name) == content, f"{name} of the participant was touched"
        for name in NAMES:
            self.check(name, after)
        assert not place_material(self.home, self.material, self.base / "no-examples").changed
        assert self.snapshot() == after

    def check(self, name: str, after: dict[str, bytes]) -> None:
        new = self.offered.get(name)
        if any(tangle(name, own) for own in self.mine) or (self.home / "course" / name).is_dir():
            self.tangled.add(name)
        if name in self.tangled:
            self.untouched.pop(name, None)
        elif new is None:
            if name in self.untouched:
                assert name not in after, f"{name} was removed by the organiser, and untouched"
                del self.untouched[name]
                self.ever_given.discard(name)
                self.ever_untouched.discard(name)
            if name in self.own_deleted:
                # It was never the organiser's file that was deleted: should there be one again, it is a new one.
                self.own_deleted.discard(name)
                self.deleted.discard(name)
                self.ever_given.discard(name)
        elif name in self.mine and self.last_given.get(name) == new:
            pass  # edited, and there is no newer version
        elif name in self.mine:
            others = {path for other, path in self.beside.items() if other != name}  # the organiser renamed one to this
            copies = [path for path, found in after.items() if found == new and path not in others]
            self.ever_given.add(name)
            assert len(copies) == 1, f"the new version of {name} must land beside it, once: {copies}"
            self.beside[name] = copies[0]
        elif name in self.deleted:
            assert name not in after, f"{name} was deleted by the participant"
            self.last_given[name] = new
        else:
            assert after.get(name) == new, f"{name} must be the new version"
            self.untouched[name] = self.last_given[name] = new
            self.ever_given.add(name)
            self.ever_untouched.add(name)

    def snapshot(self) -> dict[str, bytes]:
        found = {}
        for root, _, names in os.walk(self.home / "course"):
            for name in names:
                path = Path(root, name)
                found[path.relative_to(self.home / "course").as_posix()] = path.read_bytes()
        return found

    @invariant()
    def no_parts_left(self) -> None:
        assert not list(self.home.rglob(f"{PART_PREFIX}*"))


# The same histories each time; a number of them that is named is of new ones.
History.TestCase.settings = settings(
    max_examples=int(os.environ.get("SKRT_HUB_HISTORIES", "60")),
    derandomize="SKRT_HUB_HISTORIES" not in os.environ,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHistory = History.TestCase
