"""What placements changed, in words for the participant and for the server's log.

The participant gets one notice: what is different from when they dismissed the last one, however often the material
was changed since.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from skrt_workspace.home import notices
from skrt_workspace.home.tree import Tree, split
from skrt_workspace.material.place import Outcome

_NAMED = 6
_MOST_BESIDE = 100
_CHANGES = ("beside", "placed", "updated", "removed")


def tell(home: Path, outcome: Outcome) -> list[str]:
    """Bring the notice about changes up to date (of a home's first placement there is none); returns lines for the log.

    What was told and not dismissed is told together with what is new.
    """
    lines = describe(outcome)
    if outcome.busy or (outcome.first and not outcome.failed):
        return lines
    folder = home / notices.IN_HOME
    # Those without facts are from before notices were told together: each stays until it is dismissed.
    told = [(notice, _changes_in(notice.facts)) for notice in notices.read_notices(folder, notices.MATERIAL)]
    earlier = [notice for notice, changes in told if changes]
    net = _together(home, (*(changes for _, changes in told), _changes(outcome)))
    net.failed, net.full = outcome.failed, outcome.full
    text = "\n".join(describe(net))
    with contextlib.suppress(OSError):  # a full home: the log has it, and the notice about space
        if not text:
            notices.remove(folder, earlier)
        elif lines or [notice.text for notice in earlier] != [text]:
            notices.write_notice(folder, notices.MATERIAL, text, facts=_changes(net), replaces=earlier)
    return lines


def describe(outcome: Outcome) -> list[str]:
    """One sentence for each kind of change. Files that have a new version beside them are all named."""
    lines = []
    kinds = (
        ("New versions beside files you have changed (yours are untouched)", outcome.beside, _MOST_BESIDE),
        ("New files", outcome.placed, _NAMED),
        ("New versions of files you have not changed", outcome.updated, _NAMED),
        ("Removed by the organiser, and not changed by you", outcome.removed, _NAMED),
    )
    for words, paths, most in kinds:
        if paths:
            lines.append(f"{words}: {_names(paths, most)}.")
    if outcome.full:
        lines.append("Some files could not be placed, because the home is full.")
    elif outcome.failed:
        reasons = sorted({f"{path} ({why})" for path, why in outcome.failed.items()})
        lines.append(f"Could not be placed; the next start tries again: {_names(reasons, _NAMED)}.")
    return lines


def is_read_once_seen(notice: notices.Notice) -> bool:
    """Whether a notice about material says only what the files themselves show: nothing of the participant's is touched
    by it, and nothing is missing.
    """
    if notice.kind != notices.MATERIAL:
        return False
    changes = _changes_in(notice.facts)
    return bool(changes) and not changes.get("beside") and notice.text == "\n".join(describe(_outcome(changes)))


def _changes(outcome: Outcome) -> dict[str, list[str]]:
    return {change: getattr(outcome, change) for change in _CHANGES}


def _changes_in(facts: dict[str, Any]) -> dict[str, list[str]]:
    """The changes that a notice tells; none where they cannot be used: the file is the participant's own."""
    changes = {change: facts[change] for change in _CHANGES if change in facts}
    return changes if all(map(_is_list_of_paths, changes.values())) else {}


def _is_list_of_paths(found: Any) -> bool:
    if not isinstance(found, list) or not all(isinstance(path, str) for path in found):
        return False
    try:
        for path in found:
            split(path)
            os.fsencode(path)
    except ValueError:
        return False
    return True


def _together(home: Path, told: Iterable[dict[str, list[str]]]) -> Outcome:
    """The changes of one placement after the other as if there had been one, without what is no longer in the home."""
    became: dict[str, str] = {}
    for changes in told:
        for path in changes.get("removed", ()):
            if became.pop(path, "") not in ("placed", "beside"):  # what came and went was never there
                became[path] = "removed"
        for path in changes.get("placed", ()):
            became[path] = "updated" if became.get(path) == "removed" else "placed"
        for path in changes.get("updated", ()):
            if became.get(path) != "placed":
                became[path] = "updated"
        for path in changes.get("beside", ()):
            became[path] = "beside"
    tree = Tree(home)
    net = Outcome()
    for path, change in became.items():
        if change == "removed" or tree.exists(path):
            getattr(net, change).append(path)
    return net


def _outcome(changes: dict[str, list[str]]) -> Outcome:
    told = Outcome()
    for change, paths in changes.items():
        getattr(told, change).extend(paths)
    return told


def _names(paths: list[str], most: int) -> str:
    shown = ", ".join(paths[:most])
    more = len(paths) - most
    return f"{shown} and {more} more" if more > 0 else shown
