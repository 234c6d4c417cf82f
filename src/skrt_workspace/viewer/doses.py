"""What a dose is shown with: isodose lines at round doses, and dose-volume curves of the structures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrt_workspace.viewer.grids import Array, Grid, onto
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


def curve(structure: Structure, dose: Grid, most: float) -> Curve | None:
    """A structure's curve, from a dose on the structure's own grid; None for a structure without voxels."""
    values = dose.values[structure.mask]
    if not values.size:
        return None
    doses = np.linspace(0, most, _POINTS)
    ordered = np.sort(values)
    percent = 100 * (1 - np.searchsorted(ordered, doses, side="left") / len(ordered))
    return Curve(structure.name, structure.colour, tuple(doses), tuple(percent), float(values.mean()))


class Doses:
    """A dose beside an image and its structures: on the image's grid once, for all curves."""

    def __init__(self, dose: Grid, image: Grid) -> None:
        self.grid = dose
        self.most = dose.limits[1]
        self.levels = levels(self.most)
        self.least = LEAST * self.most
        self._there = onto(dose, image, 0.0)

    def curves(self, structures: list[Structure]) -> list[Curve]:
        """The curves of all structures that have voxels."""
        found = (curve(one, self._there, self.most) for one in structures)
        return [one for one in found if one is not None]

    def across(self) -> Array:
        """The dose at every voxel of the image, Gy."""
        return self._there.values
