"""The vessels of the lungs: a tree of tubes that grows from each hilum, and the branch points used as landmarks.

The tree is drawn from a frozen random number stream (numpy keeps RandomState's stream unchanged), so everyone has the
same vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skrt_workspace.phantom.geometry import Array

HILUM_RIGHT = (-36.0, 4.0, 12.0)
HILUM_LEFT = (40.0, 12.0, 14.0)
TRUNKS = 8
LAST_ORDER = 3


@dataclass(frozen=True)
class Tube:
    """A straight piece of a vessel; start and end in mm, shape (3,)."""

    start: Array
    end: Array
    radius: float
    order: int

    def region(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Two corners of a box that holds the tube."""
        low = np.minimum(self.start, self.end) - self.radius - 1
        high = np.maximum(self.start, self.end) + self.radius + 1
        return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


def lung_tubes(seed: int) -> list[Tube]:
    """The vessels of both lungs."""
    random = np.random.RandomState(seed)
    tubes: list[Tube] = []
    for hilum, side in ((HILUM_RIGHT, -1.0), (HILUM_LEFT, 1.0)):
        for number in range(TRUNKS):
            angle = 2 * np.pi * (number + random.uniform(-0.25, 0.25)) / TRUNKS
            direction = np.array([side * random.uniform(0.6, 1.1), np.cos(angle), np.sin(angle) * 1.1])
            _grow(tubes, random, np.array(hilum), direction)
    return tubes


def _grow(tubes: list[Tube], random: np.random.RandomState, start: Array, direction: Array, order: int = 0) -> None:
    """Add a tube and what branches from it; each generation is thinner and shorter."""
    direction = direction / np.linalg.norm(direction)
    length = 30.0 * 0.82**order * random.uniform(0.85, 1.15)
    end = start + direction * length
    tubes.append(Tube(start, end, 3.9 * 0.68**order, order))
    if order == LAST_ORDER:
        return
    for _ in range(2):
        _grow(tubes, random, end, direction + random.uniform(-0.75, 0.75, size=3), order + 1)
