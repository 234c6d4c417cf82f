"""Giving a participant the original of a file back, without losing theirs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skrt_workspace.home.tree import Tree, label
from skrt_workspace.material.place import place_for, put_wanted
from skrt_workspace.material.record import Action, Placed, Record, locked, read_record, write_record
from skrt_workspace.material.source import EXAMPLES_FOLDER, Sources, Wanted, material_folder, read_sources

MINE = "mine"


class NoOriginalError(Exception):
    """The file did not come from the material, or its original cannot be given back just now."""


@dataclass(frozen=True)
class Restored:
    """Where the original stands now, and under which name the participant's own version was kept (None: none)."""

    path: str
    kept: str | None


def placed_paths(home: Path) -> dict[str, str]:
    """Home-relative path of every placed file (and of new versions beside them), to its name in the material."""
    paths: dict[str, str] = {}
    for name, placed in read_record(home).files.items():
        paths[placed.at] = name
        if placed.beside is not None:
            paths[placed.beside] = name
    return paths


def give_back(home: Path, path: str, material: Path | None = None, examples: Path = EXAMPLES_FOLDER) -> Restored:
    """Put the newest original of the placed file `path` in its place; an edited one is kept under a new name.

    `path` is relative to the home. Raises NoOriginalError, or OSError with nothing lost.
    """
    with locked(home) as mine:
        if not mine:
            raise NoOriginalError("The material is being updated at this moment; try again in a few seconds.")
        record = read_record(home)
        sources = read_sources(material or material_folder(), examples)
        name = _name_of(path, record, sources)
        wanted = sources.files[name]
        tree = Tree(home)
        target = record.files[name].at if name in record.files else place_for(tree, name)
        kept = _make_room(tree, target, record.files.get(name), wanted)
        found = tree.look(target)
        replaces = found if isinstance(found, str) else None
        if found != wanted.digest and not put_wanted(tree, target, wanted, replaces=replaces):
            raise NoOriginalError(f"{target} is being changed at this moment; try again.")
        record.done(Action("place", name, target, wanted.digest))
        write_record(home, record, durable=True)
        return Restored(target, kept)


def _name_of(path: str, record: Record, sources: Sources) -> str:
    for name, placed in record.files.items():
        if path in (placed.at, placed.beside) and name in sources.files:
            return name
    if path in sources.files:
        return path
    raise NoOriginalError(f"{path} is not part of the examples or of the organiser's material.")


def _make_room(tree: Tree, target: str, placed: Placed | None, wanted: Wanted) -> str | None:
    """Keep what the participant has at `target` under a free name, unless it is an original. That name, or None."""
    found = tree.look(target)
    if found is None or found == wanted.digest or (placed is not None and placed.is_ours(found)):
        return None
    number = 1
    while True:
        kept = label(target, MINE if number == 1 else f"{MINE} {number}")
        try:
            tree.keep_as(target, kept)
            return kept
        except FileExistsError:
            number += 1
