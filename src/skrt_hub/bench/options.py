"""What was asked for on the command line; the commands load without what measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BenchOptions:
    """What `bench` was asked for."""

    people: int
    against_stock: bool = False
    temporary: bool = False
    url: str | None = None
    out: Path | None = None
    browsers: int = 0
    seats_ready: bool = False


@dataclass(frozen=True)
class RehearsalOptions:
    """What `rehearse` was asked for."""

    people: int
    minutes: float
    notebook: Path | None = None
    out: Path | None = None
