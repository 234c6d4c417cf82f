"""What to do about each file of the material: pure functions of the new version, the record and the home.

| In the home                         | The new version differs           | The organiser removed it |
|-------------------------------------|-----------------------------------|--------------------------|
| as it was placed                    | follows                           | goes                     |
| edited, or the participant's own    | stays; the new one lands beside   | stays                    |
| deleted by the participant          | stays deleted                     | -                        |

Removals are planned and carried out before the rest, because a new folder may take the name of a removed file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from skrt_workspace.home.tree import Look
from skrt_workspace.material.record import Action, Placed, Record
from skrt_workspace.material.source import Sources, Wanted

LookAt = Callable[[str], Look]


@dataclass(frozen=True)
class View:
    """What the plan may ask about a home.

    look: what is at a path. place_for: the path where a name can be placed although something of the participant's is
    in the way of its folders. beside_for: a free name beside a path.
    """

    look: LookAt
    place_for: Callable[[str], str]
    beside_for: Callable[[str], str]


def settle(record: Record, look: LookAt) -> None:
    """Take over what an interrupted placement had done: each pending change either happened or it did not."""
    for action in record.pending:
        if look(action.path) == (None if action.kind == "remove" else action.digest):
            record.done(action)
    record.pending = []


def removals(sources: Sources, record: Record, look: LookAt) -> list[Action]:
    """The untouched files that the organiser removed.

    What was edited or deleted stays in the record: should it come back, the participant's decision still holds.
    """
    actions = []
    for name, placed in sorted(record.files.items()):
        if name in sources.files or name.partition("/")[0] not in sources.folders:
            continue
        for path in filter(None, (placed.beside, placed.at)):
            found = look(path)
            if isinstance(found, str) and placed.is_ours(found):
                actions.append(Action("remove", name, path, found))
    return actions


def additions(wanted: dict[str, Wanted], record: Record, view: View) -> list[Action]:
    """The files that are new or changed; what needs no change is noted in `record`."""
    actions = []
    for name in sorted(wanted):
        placed = record.files.get(name)
        if placed is None:
            action = _first_time(name, wanted[name], record, view)
        else:
            action = _next_version(name, wanted[name], placed, view)
        if action is not None:
            actions.append(action)
    return actions


def _first_time(name: str, new: Wanted, record: Record, view: View) -> Action | None:
    path = view.place_for(name)
    found = view.look(path)
    if found is None:
        return Action("place", name, path, new.digest)
    if found == new.digest:
        record.files[name] = Placed(path, new.digest)
        return None
    return Action("beside", name, view.beside_for(path), new.digest, at=path)


def _next_version(name: str, new: Wanted, placed: Placed, view: View) -> Action | None:
    if new.digest == placed.placed:
        return None
    found = view.look(placed.at)
    if found == new.digest:
        placed.placed = new.digest
        return None
    if isinstance(found, str) and placed.is_ours(found):
        return Action("place", name, placed.at, new.digest, replaces=found)
    return _not_as_placed(name, new, placed, found, view)


def _not_as_placed(name: str, new: Wanted, placed: Placed, found: Look, view: View) -> Action | None:
    """A newer version of a file that the participant edited or deleted."""
    if placed.beside is not None and view.look(placed.beside) == placed.offered:
        if new.digest == placed.offered:
            return None
        return Action("beside", name, placed.beside, new.digest, replaces=placed.offered, at=placed.at)
    if found is None:
        # Deleted by the participant. Note the version, so that a file of theirs with this name is not taken for it.
        placed.placed = new.digest
        return None
    if new.digest == placed.offered:
        return None
    return Action("beside", name, view.beside_for(placed.at), new.digest, at=placed.at)
