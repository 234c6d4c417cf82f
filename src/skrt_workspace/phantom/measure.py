"""The numbers that a lesson's results are checked against, taken from the anatomy itself and not from its images.

Volumes, centres and doses are sums over fine samples of the structures; they use nothing of scikit-rt."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from skrt_workspace.phantom.anatomy import STRUCTURES, Chest
from skrt_workspace.phantom.contours import LARGE
from skrt_workspace.phantom.geometry import Array, Grid, Movement, Points
from skrt_workspace.phantom.vessels import LAST_ORDER, lung_tubes

DOSE_LEVELS = (5.0, 20.0, 40.0)


def samples(chest: Chest, name: str, grid: Grid, movement: Movement) -> tuple[Points, Array, float]:
    """Points in a structure in a scan (three arrays of one dimension), the part of each that is inside, and its mm3.

    At the surface a point counts in part, without which the volume of a thin structure would depend on how the
    points happen to lie in it.
    """
    fine = grid if name in LARGE else grid.refined(2)
    part = fine.box(*chest.region(name), movement.largest + 3)
    points = fine.points(part)
    distance = chest.structure(name, movement.inverse(points))
    weights = np.clip(0.5 - distance / fine.spacing[0], 0, 1)
    inside = weights > 0
    kept = (points[0][inside], points[1][inside], points[2][inside])
    return kept, weights[inside].astype(np.float64), float(np.prod(fine.spacing))


def structure_truth(
    chest: Chest, grid: Grid, movement: Movement, dose: tuple[Grid, Array] | None = None
) -> dict[str, dict[str, Any]]:
    """For each structure its volume in ml, its centre in mm, and, with a dose, its mean, extremes and volumes."""
    truth: dict[str, dict[str, Any]] = {}
    for name in STRUCTURES:
        points, weights, voxel = samples(chest, name, grid, movement)
        total = weights.sum()
        entry: dict[str, Any] = {
            "volume_ml": round(float(total * voxel / 1000), 3),
            "centroid_mm": [round(float((p * weights).sum() / total), 3) for p in points],
        }
        if dose is not None:
            entry["dose"] = _dose_truth(points, weights, *dose)
        truth[name] = entry
    return truth


def _dose_truth(points: Points, weights: Array, grid: Grid, dose: Array) -> dict[str, float]:
    where = [(points[axis] - grid.origin[axis]) / grid.spacing[axis] for axis in (2, 1, 0)]
    values = ndimage.map_coordinates(dose, where, order=1, mode="nearest")
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    found = {"mean_gy": (values * weights).sum() / weights.sum()}
    for volume in (98, 95, 50, 2):
        # The dose that this much of the volume gets, or more.
        found[f"d{volume}_gy"] = np.interp(1 - volume / 100, share, values[order])
    for level in DOSE_LEVELS:
        found[f"v{level:g}_percent"] = 100 * weights[values >= level].sum() / weights.sum()
    return {key: round(float(value), 3) for key, value in found.items()}


def landmarks(chest: Chest, grid: Grid, movement: Movement) -> list[dict[str, list[float]]]:
    """Branch points of the lung vessels in the planning scan, and where each is in another scan (mm)."""
    ends = np.array([tube.end for tube in lung_tubes(chest.seed) if tube.order < LAST_ORDER])
    points: Points = (ends[:, 0], ends[:, 1], ends[:, 2])
    edge = grid.axis(2)[[0, -1]]
    inside = (chest.lungs(points) < -6) & (points[2] > edge[0] + 20) & (points[2] < edge[1] - 20)
    moved = movement.forward(points)
    return [
        {
            "planning_mm": [round(float(p[i]), 3) for p in points],
            "moved_mm": [round(float(p[i]), 3) for p in moved],
        }
        for i in np.flatnonzero(inside)
    ]
