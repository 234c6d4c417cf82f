"""From journeys to figures: quantiles, and what is compared between two systems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from skrt_hub.bench.burst import Burst
from skrt_hub.bench.participant import STAGES, Journey

HASHES = "the passwords' hashes, a part of the hub's"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed (nearest rank); NaN for none.

    Source: the nearest-rank definition of a percentile, NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.6.2.
    """
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True)
class Spread:
    """How a time (seconds) is spread over people."""

    median: float
    most: float
    last: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Median, 95th percentile and maximum."""
        return cls(quantile(values, 0.5), quantile(values, 0.95), max(values, default=math.nan))


@dataclass(frozen=True)
class SystemStatistics:
    """What was measured of one system: seconds and bytes; None where it was not measured.

    `browsers`: for each real browser the seconds from the log-in page to the end of a notebook's first cell.
    `lessons`: seconds of other notebooks for one person, each in a new kernel.
    """

    system: str
    people: int
    alone: dict[str, float]
    stages: dict[str, Spread]
    arrivals: dict[str, tuple[float, ...]]
    login_page: Spread
    login_page_99: float
    failures: tuple[str, ...]
    new_kernel: float | None = None
    start: float | None = None
    memory_each: float | None = None
    memory_shared: float | None = None
    memory_machine: float | None = None
    notes: tuple[str, ...] = ()
    processor_time: dict[str, float] = field(default_factory=dict)
    browsers: tuple[float, ...] = ()
    lessons: dict[str, float] = field(default_factory=dict)


def arrivals(journeys: Sequence[Journey]) -> dict[str, tuple[float, ...]]:
    """For each stage, when people reached it (seconds after the first began), in order."""
    first = min((journey.began for journey in journeys), default=0.0)
    table: dict[str, tuple[float, ...]] = {}
    for stage in STAGES:
        there = [journey.began - first + journey.reached[stage] for journey in journeys if stage in journey.reached]
        table[stage] = tuple(sorted(there))
    return table


def failures(burst: Burst) -> tuple[str, ...]:
    """Each kind of failure once, with how many met it; a log-in page that did not answer is one too."""
    kinds: dict[str, int] = {}
    for journey in burst.failures:
        kind = journey.failure.replace(journey.name, "NAME")
        kinds[kind] = kinds.get(kind, 0) + 1
    if burst.login_page_failures:
        kinds["the log-in page did not answer"] = burst.login_page_failures
    return tuple(f"{count} × {kind}" for kind, count in sorted(kinds.items(), key=lambda item: -item[1]))


def stage_spreads(journeys: Sequence[Journey]) -> dict[str, Spread]:
    """The spread of each stage that somebody reached."""
    table = {}
    for stage in STAGES:
        values = [journey.reached[stage] for journey in journeys if stage in journey.reached]
        if values:
            table[stage] = Spread.of(values)
    return table
