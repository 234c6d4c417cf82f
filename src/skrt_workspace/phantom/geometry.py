"""Grids of voxels, and the known movements between the scans of a phantom patient.

All coordinates are DICOM patient coordinates in mm: x to the patient's left, y to the back, z to the head. A movement
maps a point of the planning scan to the place of the same anatomy in another scan, which is also what a registration
with the planning scan as fixed image finds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Points: TypeAlias = tuple[Array, Array, Array]
"""x, y and z of many points: three arrays of one shape, in mm."""


@dataclass(frozen=True)
class Grid:
    """Centres of voxels. `size`, `spacing` and `origin` have the order x, y, z; arrays on it have the order z, y, x."""

    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]

    def axis(self, number: int) -> Array:
        """Positions in mm along x (0), y (1) or z (2)."""
        return self.origin[number] + self.spacing[number] * np.arange(self.size[number])

    def points(self, part: tuple[slice, slice, slice] = (slice(None), slice(None), slice(None))) -> Points:
        """Voxel centres, of all voxels or of a part (slices z, y, x): three arrays of shape (z, y, x), 32-bit."""
        z, y, x = np.meshgrid(*(self.axis(2 - place)[piece] for place, piece in enumerate(part)), indexing="ij")
        return x.astype(np.float32), y.astype(np.float32), z.astype(np.float32)

    def refined(self, factor: int) -> Grid:
        """The same region with voxels `factor` times smaller in each direction."""
        return self.with_spacing((self.spacing[0] / factor, self.spacing[1] / factor, self.spacing[2] / factor))

    def refined_in_plane(self, factor: int) -> Grid:
        """The same region and slices, with pixels `factor` times smaller."""
        return self.with_spacing((self.spacing[0] / factor, self.spacing[1] / factor, self.spacing[2]))

    def with_spacing(self, spacing: tuple[float, float, float]) -> Grid:
        """The same region, less what does not fill a voxel, with other voxels and the same first corner."""
        size, origin = [], []
        for number, start, old, new in zip(self.size, self.origin, self.spacing, spacing, strict=True):
            size.append(math.floor(number * old / new + 1e-6))
            origin.append(start - old / 2 + new / 2)
        return Grid((size[0], size[1], size[2]), spacing, (origin[0], origin[1], origin[2]))

    def box(self, low: tuple[float, ...], high: tuple[float, ...], margin: float) -> tuple[slice, slice, slice]:
        """Array slices (z, y, x) of the part of the grid between two corners, with a margin in mm on all sides."""
        slices = []
        for number in (2, 1, 0):
            first = math.floor((low[number] - margin - self.origin[number]) / self.spacing[number])
            last = math.ceil((high[number] + margin - self.origin[number]) / self.spacing[number])
            slices.append(slice(max(first, 0), max(min(last + 1, self.size[number]), 0)))
        return slices[0], slices[1], slices[2]


class Movement(Protocol):
    """Where the anatomy of the planning scan is in another scan."""

    @property
    def largest(self) -> float:
        """No point moves further than this, in mm."""

    def forward(self, points: Points) -> Points:
        """From the planning scan to the other scan."""

    def inverse(self, points: Points) -> Points:
        """From the other scan to the planning scan."""


@dataclass(frozen=True)
class Still:
    """No movement."""

    largest: float = 0.0

    def forward(self, points: Points) -> Points:
        """The points as they are."""
        return points

    def inverse(self, points: Points) -> Points:
        """The points as they are."""
        return points


@dataclass(frozen=True)
class RigidMovement:
    """A turn about the z axis through `centre`, then a shift: p goes to R (p - centre) + centre + shift."""

    shift: tuple[float, float, float]
    rotation_z_degrees: float = 0.0
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def largest(self) -> float:
        """The shift, and the turn at 200 mm from the centre."""
        return math.hypot(*self.shift) + 200 * abs(math.radians(self.rotation_z_degrees))

    def matrix(self) -> Array:
        """The rotation, shape (3, 3)."""
        angle = math.radians(self.rotation_z_degrees)
        c, s = math.cos(angle), math.sin(angle)
        return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    def forward(self, points: Points) -> Points:
        """Turned, then shifted."""
        return self._apply(points, self.matrix(), (0.0, 0.0, 0.0), self.shift)

    def inverse(self, points: Points) -> Points:
        """Shifted back, then turned back."""
        return self._apply(points, self.matrix().T, self.shift, (0.0, 0.0, 0.0))

    def _apply(self, points: Points, matrix: Array, before: tuple[float, ...], after: tuple[float, ...]) -> Points:
        x, y, z = (p - c - b for p, c, b in zip(points, self.centre, before, strict=True))
        rows = [(m[0] * x + m[1] * y + m[2] * z) for m in matrix.astype(np.float32)]
        moved = [row + np.float32(c + a) for row, c, a in zip(rows, self.centre, after, strict=True)]
        return moved[0], moved[1], moved[2]


@dataclass(frozen=True)
class Bump:
    """A displacement of `amplitude` mm at `centre` that fades as a Gaussian of width `sigma` mm."""

    centre: tuple[float, float, float]
    amplitude: tuple[float, float, float]
    sigma: float


@dataclass(frozen=True)
class SmoothMovement:
    """A smooth deformation, like another state of breathing: a sum of bumps that vanishes at the spine."""

    bumps: tuple[Bump, ...]
    fixed_axis: tuple[float, float] = (0.0, 66.0)
    """x and y of the line, along z, that stays where it is."""
    fixed_sigma: float = 38.0

    @property
    def largest(self) -> float:
        """The sum of all amplitudes."""
        return sum(math.hypot(*bump.amplitude) for bump in self.bumps)

    def displacement(self, points: Points) -> Points:
        """What is added to points of the planning scan, in mm."""
        x, y, z = points
        away = (x - self.fixed_axis[0]) ** 2 + (y - self.fixed_axis[1]) ** 2
        weight = 1 - np.exp(away / np.float32(-2 * self.fixed_sigma**2))
        total = [np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)]
        for bump in self.bumps:
            squared = (x - bump.centre[0]) ** 2 + (y - bump.centre[1]) ** 2 + (z - bump.centre[2]) ** 2
            height = weight * np.exp(squared / np.float32(-2 * bump.sigma**2))
            for axis in range(3):
                total[axis] += np.float32(bump.amplitude[axis]) * height
        return total[0], total[1], total[2]

    def forward(self, points: Points) -> Points:
        """The point and its displacement."""
        dx, dy, dz = self.displacement(points)
        return points[0] + dx, points[1] + dy, points[2] + dz

    def inverse(self, points: Points) -> Points:
        """Solved by fixed-point iteration, which converges because the displacement changes by less than 0.5 per mm."""
        guess = points
        for _ in range(8):
            step = self.displacement(guess)
            guess = (points[0] - step[0], points[1] - step[1], points[2] - step[2])
        return guess
