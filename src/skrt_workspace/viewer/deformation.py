"""A deformation on a coarse lattice: what the viewer draws arrows and a bent grid from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.transforms import field_of
from skrt_workspace.viewer.grids import Array, Grid

STEP_MM = 12.0
_MOST_POINTS = 60_000


@dataclass(frozen=True)
class Lattice:
    """Displacements in mm (LPS) at the points of a lattice: shape (x, y, z, 3)."""

    moves: Array
    origin: Array
    step: float

    def as_json(self) -> dict[str, Any]:
        """What the page draws; numbers to a hundredth of a millimetre."""
        return {
            "shape": list(self.moves.shape[:3]),
            "origin": [float(number) for number in self.origin],
            "step": self.step,
            "moves": [round(float(number), 2) for number in self.moves.ravel()],
        }

    def plane(self, axis: int, place: float) -> tuple[Array, Array]:
        """The points of the plane nearest to a place along an axis, and their displacements, each (n, m, 3)."""
        number = int(np.clip(round((place - self.origin[axis]) / self.step), 0, self.moves.shape[axis] - 1))
        steps = [self.origin[one] + self.step * np.arange(self.moves.shape[one]) for one in range(3)]
        points = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)
        return np.take(points, number, axis), np.take(self.moves, number, axis)


def lattice_of(deformation: Any, image: Grid) -> Lattice:
    """The displacements of a deformation all over an image.

    :param deformation: a skrt.registration.Registration (its last step), a file of displacements in mm that SimpleITK
        reads (those of a NIfTI file in NIfTI's directions; elastix writes others, so give its Registration), or a
        function that takes points (n, 3) in mm and gives how far each moves.
    """
    moves = _moves(deformation)
    step = STEP_MM
    extent = image.end - image.origin
    while np.prod(np.floor(extent / step) + 1) > _MOST_POINTS:
        step *= 1.5
    number = np.floor(extent / step).astype(int) + 1
    origin = image.origin + (extent - (number - 1) * step) / 2
    ranges = [origin[axis] + step * np.arange(number[axis]) for axis in range(3)]
    points = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1)
    found = np.asarray(moves(points.reshape(-1, 3)), dtype=float).reshape(points.shape)
    return Lattice(np.nan_to_num(found), origin, step)


def _moves(deformation: Any) -> Callable[[Array], Array]:
    if isinstance(deformation, str | Path):
        try:
            return field_of(Path(deformation)).moves
        except UnusableDataError as error:
            raise ValueError(str(error)) from None
    if hasattr(deformation, "get_deformation_field"):
        from skrt_workspace.registration import displacements  # noqa: PLC0415 - heavy

        return lambda points: displacements(deformation, points)
    if callable(deformation):
        moves: Callable[[Array], Array] = deformation
        return moves
    raise ValueError(
        f"A {type(deformation).__name__} is no deformation. Give the Registration, a file of displacements, or a "
        "function of points."
    )
