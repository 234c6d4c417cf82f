"""What a placement changed, in words for the participant and for the server's log."""

from __future__ import annotations

import contextlib
from pathlib import Path

from skrt_workspace.home import notices
from skrt_workspace.material.place import Outcome

_NAMED = 6


def tell(home: Path, outcome: Outcome) -> list[str]:
    """Leave a notice about the changes (but not about a home's first placement); returns lines for the log."""
    lines = describe(outcome)
    if lines and not (outcome.first and not outcome.failed):
        with contextlib.suppress(OSError):  # a full home: the log has it, and the notice about space
            notices.write_notice(home / notices.IN_HOME, notices.MATERIAL, "\n".join(lines))
    return lines


def describe(outcome: Outcome) -> list[str]:
    """One sentence for each kind of change."""
    lines = []
    kinds = (
        ("New versions beside files you have changed (yours are untouched)", outcome.beside),
        ("New files", outcome.placed),
        ("New versions of files you have not changed", outcome.updated),
        ("Removed by the organiser, and not changed by you", outcome.removed),
    )
    for words, paths in kinds:
        if paths:
            lines.append(f"{words}: {_names(paths)}.")
    if outcome.full:
        lines.append("Some files could not be placed, because the home is full.")
    elif outcome.failed:
        reasons = sorted({f"{path} ({why})" for path, why in outcome.failed.items()})
        lines.append(f"Could not be placed; the next start tries again: {_names(reasons)}.")
    return lines


def _names(paths: list[str]) -> str:
    shown = ", ".join(paths[:_NAMED])
    more = len(paths) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
