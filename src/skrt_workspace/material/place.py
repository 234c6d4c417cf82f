"""Bringing a home's material up to date: decided by `plan`, done here, as the participant.

1. The lock is taken; what an interrupted placement left is settled.
2. Removals, then additions: the changes are noted in the record as pending, made, and noted as made.
3. The record gets the new stamp only when everything worked, so what failed is tried again at the next start.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skrt_workspace import system
from skrt_workspace.home.tree import Tree, label
from skrt_workspace.material import plan
from skrt_workspace.material.record import Action, Record, locked, read_record, write_record
from skrt_workspace.material.source import EXAMPLES_FOLDER, Sources, Wanted, material_folder, read_sources, stamp

NEW_VERSION = "new version"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass
class Outcome:
    """What a placement did: home-relative paths by kind, and why some could not be placed.

    first: nothing had been placed in this home before, so there is no news in it.
    """

    placed: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    full: bool = False
    first: bool = False
    busy: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.placed or self.updated or self.beside or self.removed)


def place_material(home: Path, material: Path | None = None, examples: Path = EXAMPLES_FOLDER) -> Outcome:
    """Bring `home` to the newest version of all material. Cheap where nothing changed.

    Raises OSError or ValueError only where the material itself or the record cannot be read or written; a file that
    cannot be placed is told in the outcome.
    """
    material = material or material_folder()
    if read_record(home).stamp == stamp(material, examples):
        return Outcome()
    with locked(home) as mine:
        if not mine:
            return Outcome(busy=True)
        return _Placement(home, read_record(home), read_sources(material, examples)).run()


class _Placement:
    def __init__(self, home: Path, record: Record, sources: Sources) -> None:
        self.home = home
        self.tree = Tree(home)
        self.record = record
        self.sources = sources
        self.outcome = Outcome(first=not record.stamp and not record.files)

    def run(self) -> Outcome:
        for action in self.record.pending:
            self.tree.forget_part(action.path)
        plan.settle(self.record, self.tree.look)
        self._carry_out(plan.removals(self.sources, self.record, self.tree.look))
        names: set[str] = set()
        view = plan.View(
            self.tree.look,
            lambda path: place_for(self.tree, path),
            lambda path: beside_for(self.tree, path, names),
        )
        self._carry_out(plan.additions(self.sources.files, self.record, view))
        self.record.stamp = "" if self.outcome.failed or self.outcome.full else self.sources.stamp
        write_record(self.home, self.record, durable=True)
        return self.outcome

    def _carry_out(self, actions: Sequence[Action]) -> None:
        if not actions:
            return
        self.record.stamp = ""
        self.record.pending = list(actions)
        write_record(self.home, self.record, durable=False)
        for action in actions:
            if self.outcome.full:
                break
            try:
                if self._do(action):
                    self.record.done(action)
                    self._note(action)
                else:
                    self.outcome.failed[action.path] = "it was changed at this very moment"
            except OSError as error:
                self.outcome.full = self.outcome.full or error.errno in _FULL
                self.outcome.failed[action.path] = error.strerror or type(error).__name__
        self.record.pending = []

    def _do(self, action: Action) -> bool:
        if action.kind == "remove":
            return self.tree.remove(action.path, action.digest)
        return put_wanted(self.tree, action.path, self.sources.files[action.name], replaces=action.replaces)

    def _note(self, action: Action) -> None:
        if action.kind == "place" and action.replaces is not None:
            self.outcome.updated.append(action.path)
        elif action.kind == "remove":
            self.outcome.removed.append(action.path)
        else:
            {"place": self.outcome.placed, "beside": self.outcome.beside}[action.kind].append(action.path)


def put_wanted(tree: Tree, path: str, wanted: Wanted, *, replaces: str | None) -> bool:
    """Copy one file of the material into a home. False where something else stands there by now. Raises OSError."""
    handle = os.open(wanted.source, os.O_RDONLY | system.O_CLOEXEC)
    try:
        return tree.put(path, handle, mode=0o777 if wanted.executable else 0o666, replaces=replaces)
    finally:
        os.close(handle)


def place_for(tree: Tree, path: str) -> str:
    """`path`, or where something that is no folder stands in its way, the same below a free folder beside that."""
    while (blocked := tree.first_blocked(path)) is not None:
        free = _numbered(blocked, lambda candidate: _is_folder_or_nothing(tree, candidate))
        path = free + path[len(blocked) :]
    return path


def beside_for(tree: Tree, path: str, taken: set[str]) -> str:
    """A free name beside `path`: `notes (new version).txt`, then with a number. Adds it to `taken`."""
    free = place_for(tree, path)
    if free == path or free in taken or tree.exists(free):
        free = _numbered(free, lambda candidate: candidate not in taken and not tree.exists(candidate))
    taken.add(free)
    return free


def _numbered(path: str, is_free: Callable[[str], bool]) -> str:
    number = 1
    while True:
        candidate = label(path, NEW_VERSION if number == 1 else f"{NEW_VERSION} {number}")
        if is_free(candidate):
            return candidate
        number += 1


def _is_folder_or_nothing(tree: Tree, path: str) -> bool:
    return not tree.exists(path) or tree.first_blocked(f"{path}/x") is None
