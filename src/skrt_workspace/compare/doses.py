"""Doses compared: how far they differ, how much of them passes a gamma test, and what structures get."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from skrt_workspace.compare.masks import Array, frame_of, mask_of
from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.headers import Contents, Series, read
from skrt_workspace.data.loading import image_of_series
from skrt_workspace.data.structure_rules import Contours
from skrt_workspace.viewer.grids import Grid, onto

CRITERIA = ((3.0, 3.0), (2.0, 2.0))
"""Of each gamma test the percentage of the reference's greatest dose, and the distance in mm."""
LEAST = 0.1
"""The share of the reference's greatest dose from which on a voxel is counted."""
_STEPS = 8
_MOST_POINTS = 60_000
_MOST_VOXELS = 100_000_000


@dataclass(frozen=True)
class DosePoints:
    """What a structure gets, in Gy: the mean, and what its 98, 95, 50 and 2 % with the most dose get at least."""

    mean: float
    d98: float
    d95: float
    d50: float
    d2: float


@dataclass(frozen=True)
class DoseMeasures:
    """How a dose differs from the reference, counted where the reference has a tenth of its greatest dose or more.

    :ivar passing_percent: of the voxels, by criterion of `CRITERIA` (global gamma, Low et al. 1998).
    :ivar mean_gy: of other less reference, the mean; `spread_gy` the mean of its size, `largest_gy` the greatest.
    :ivar worst_height_mm: of the slice in which the sizes sum up to most.
    """

    passing_percent: tuple[float, ...]
    mean_gy: float
    spread_gy: float
    largest_gy: float
    worst_height_mm: float


def dose_at(place: str | PathLike[str]) -> Grid:
    """The one dose at a place, in Gy. Raises UnusableDataError."""
    root = Path(place)
    if not root.exists():
        raise UnusableDataError(f"There is no {root}.")
    return dose_in(read(root))


def dose_in(contents: Contents) -> Grid:
    """The same of what was read."""
    files = [file for series in contents.of("RTDOSE") for file in series.files]
    if len(files) != 1:
        raise UnusableDataError(f"In {contents.root} there are {len(files)} doses (RTDOSE), and one is wanted.")
    header = files[0].header
    size = int(header.get("Rows", 0)) * int(header.get("Columns", 0)) * int(header.get("NumberOfFrames", 1) or 1)
    if size > _MOST_VOXELS:
        raise UnusableDataError(f"{files[0].name} has {size} voxels, more than can be compared.")
    made = image_of_series(Series(str(files[0].path), "RTDOSE", files), [], _grid)
    if not isinstance(made, Grid):
        raise UnusableDataError(f"{files[0].name}: the dose does not say where its planes are.")
    return made


def _grid(values: Array, *, voxel_size: list[float], origin: list[float], title: str) -> Grid:
    return Grid(values.transpose(1, 0, 2).astype(np.float32), np.array(voxel_size), np.array(origin))


def measure_doses(reference: Grid, other: Grid) -> DoseMeasures:
    """All numbers for two doses; what lies outside the other's grid counts as no dose there."""
    counted = reference.values >= LEAST * reference.limits[1]
    if reference.limits[1] <= 0:
        raise UnusableDataError("The reference's dose is zero everywhere.")
    difference = np.where(counted, onto(other, reference, 0.0).values - reference.values, 0)
    number = int(counted.sum())
    return DoseMeasures(
        passing_percent=tuple(passing(reference, other, *criterion) for criterion in CRITERIA),
        mean_gy=float(difference.sum(dtype=float) / number),
        spread_gy=float(np.abs(difference).sum(dtype=float) / number),
        largest_gy=float(np.abs(difference).max()),
        worst_height_mm=float(
            reference.origin[2] + reference.spacing[2] * int(np.abs(difference).sum(axis=(0, 1)).argmax())
        ),
    )


def passing(reference: Grid, other: Grid, percent: float, distance_mm: float) -> float:
    """Which percentage of the reference's voxels has a gamma of 1 or less.

    The other dose is linear between its voxels, and looked for at steps of an eighth of the distance. Of a large dose
    as many voxels are tested as can be in some seconds, evenly chosen.
    """
    allowed = percent / 100 * reference.limits[1]
    voxels = np.argwhere(reference.values >= LEAST * reference.limits[1])
    voxels = voxels[:: -(-len(voxels) // _MOST_POINTS)]
    wanted = reference.values[tuple(voxels.T)]
    points = reference.origin + voxels * reference.spacing
    total = len(points)
    for offset, share in _offsets(distance_mm):
        beyond = ((sample(other, points + offset) - wanted) / allowed) ** 2 + share > 1
        points, wanted = points[beyond], wanted[beyond]
        if not len(points):
            break
    return 100 * (1 - len(points) / total)


def _offsets(distance_mm: float) -> list[tuple[Array, float]]:
    """Where to look, the nearest first: the way in mm, and its part of the square of gamma."""
    steps = np.arange(-_STEPS, _STEPS + 1) / _STEPS
    ways = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    squares = (ways**2).sum(axis=1)
    order = [number for number in np.argsort(squares, kind="stable") if squares[number] <= 1]
    return [(ways[number] * distance_mm, float(squares[number])) for number in order]


def sample(grid: Grid, points: Array) -> Array:
    """Values at places in mm, linear between voxels; none beyond half a voxel outside."""
    from scipy import ndimage  # noqa: PLC0415 - heavy

    where = grid.index(points).T
    values = ndimage.map_coordinates(grid.values, where, order=1, mode="nearest")
    size = np.array(grid.shape)[:, None]
    values[np.any((where < -0.5) | (where > size - 0.5), axis=0)] = 0
    return values


def dose_points(structure: Contours, dose: Grid) -> DosePoints | None:
    """What a structure gets, counted at pixels of 1 mm on its own planes; None where it encloses nothing."""
    if not structure.closed:
        return None
    frame = frame_of(structure)
    inside = np.argwhere(mask_of(structure, frame))
    if not len(inside):
        return None
    across = frame.corner + inside[:, [2, 1]] * frame.spacing[1]
    values = sample(dose, np.column_stack([across, frame.heights[inside[:, 0]]]))
    d98, d95, d50, d2 = (float(np.percentile(values, 100 - volume)) for volume in (98, 95, 50, 2))
    return DosePoints(float(values.mean()), d98, d95, d50, d2)
