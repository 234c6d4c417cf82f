"""How many threads a participant's engines and numerical libraries start."""

from __future__ import annotations

import math

from skrt_workspace.threads import VARIABLES


def threads(cpu: float, processors: int | None = None) -> int:
    """Whole threads, at least one, that use up a limit of `cpu` processors; no more than `processors`, where given.

    A part of a processor counts as one: with 1.5, two threads use what one would leave.
    """
    wanted = max(1, math.ceil(cpu))
    return wanted if processors is None else min(wanted, max(1, processors))


def variables(cpu: float, processors: int | None = None) -> dict[str, str]:
    """The environment variables that tell engines and libraries."""
    return dict.fromkeys(VARIABLES, str(threads(cpu, processors)))
