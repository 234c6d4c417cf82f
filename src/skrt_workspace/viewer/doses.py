"""What a dose is shown with: isodose lines at round doses, and dose-volume curves of the structures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrt_workspace.viewer.grids import Array, Grid, slabs
from skrt_workspace.viewer.layers import Structure

LEAST = 0.1
"""The share of the greatest dose from which on there is colour."""
_LINES = 7
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
_POINTS = 160


@dataclass(frozen=True)
class Curve:
    """A structure's cumulative dose-volume curve: which percentage of its volume gets at least each dose."""

    name: str
    colour: tuple[int, int, int]
    doses: tuple[float, ...]
    percent: tuple[float, ...]
    mean: float

    def as_json(self) -> dict[str, Any]:
        """What the page draws."""
        return {
            "name": self.name,
            "colour": self.colour,
            "doses": [round(number, 3) for number in self.doses],
            "percent": [round(number, 2) for number in self.percent],
            "mean": round(self.mean, 2),
        }


def levels(most: float) -> list[float]:
    """Round doses in Gy, some seven up to the greatest."""
    step = next((one for one in _STEPS if most / one <= _LINES), most / _LINES)
    return [round(step * number, 3) for number in range(1, int(most / step) + 1)] if most > 0 else []


class Doses:
    """A dose beside an image and its structures, all of which are on the image's grid."""

    def __init__(self, dose: Grid, image: Grid) -> None:
        self.grid, self._image = dose, image
        self.most = dose.limits[1]
        self.least = LEAST * self.most
        self.levels = levels(self.most)
        self._known: dict[str, tuple[Array, Curve | None]] = {}

    def curves(self, structures: list[Structure]) -> list[Curve]:
        """The curves of all structures that have voxels; what did not change is not counted again."""
        wanted = [one for one in structures if self._known.get(one.name, (None,))[0] is not one.mask]
        if wanted:
            self._count(wanted)
        found = [self._known[one.name][1] for one in structures]
        return [one for one in found if one is not None]

    def _count(self, structures: list[Structure]) -> None:
        doses = np.linspace(0, max(self.most, 1e-6), _POINTS)
        edges = np.append(doses, np.inf)
        counts, sums = np.zeros((len(structures), _POINTS)), np.zeros(len(structures))
        for part, values in slabs(self.grid, self._image, 0.0):
            for number, one in enumerate(structures):
                inside = values[one.mask[:, :, part]]
                counts[number] += np.histogram(np.maximum(inside, 0), edges)[0]
                sums[number] += float(inside.sum(dtype=float))
        for one, count, total in zip(structures, counts, sums, strict=True):
            voxels = count.sum()
            percent = 100 * np.cumsum(count[::-1])[::-1] / voxels if voxels else count
            made = Curve(one.name, one.colour, tuple(doses), tuple(percent), float(total / voxels)) if voxels else None
            self._known[one.name] = (one.mask, made)
