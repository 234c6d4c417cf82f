"""How long a cohort keeps its owner's server from being ended as one that nobody uses (standard library only)."""

from __future__ import annotations

VARIABLE = "SKRT_COHORT_AWAKE"
"""The seconds that the hub allows; without it, as long as a cohort runs."""


def keeps_awake(seconds_since_own_use: float, allowed: float | None) -> bool:
    """Whether a cohort that runs counts as use, so long after its owner last did something."""
    return allowed is None or seconds_since_own_use < allowed
