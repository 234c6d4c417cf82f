"""Contours of structures: closed polygons in the planes of the slices, as a structure set stores them."""

from __future__ import annotations

import contourpy
import numpy as np
import shapely

from skrt_workspace.phantom.anatomy import Chest
from skrt_workspace.phantom.geometry import Array, Grid, Movement

TOLERANCE = 0.1
"""A contour is thinned as long as it stays this close, in mm, to what it was."""
SMALLEST_AREA = 12.0
LARGE = ("External", "Lung_L", "Lung_R")
"""Contoured on the image's own pixels; a finer grid makes the curves of the small ones right."""


def contours(chest: Chest, name: str, grid: Grid, movement: Movement) -> dict[int, list[Array]]:
    """For each slice number the contours of a structure: x and y in mm, shape (n, 2), the first point not repeated."""
    low, high = chest.region(name)
    if name not in LARGE:
        grid = grid.refined_in_plane(2)
    part = grid.box(low, high, movement.largest + 3)
    if any(piece.start >= piece.stop for piece in part):
        return {}
    distance = chest.structure(name, movement.inverse(grid.points(part)))
    xs, ys = grid.axis(0)[part[2]], grid.axis(1)[part[1]]
    found: dict[int, list[Array]] = {}
    for plane, number in zip(distance, range(part[0].start, part[0].stop), strict=True):
        lines = contourpy.contour_generator(xs, ys, plane).lines(0.0)
        polygons = [ring for line in lines if (ring := _ring(line)) is not None]
        if polygons:
            found[number] = polygons
    return found


def _ring(line: Array) -> Array | None:
    """A closed line, thinned, without its last point; None for a line that is open or too small."""
    if len(line) < 4 or not np.allclose(line[0], line[-1]):
        return None
    polygon = shapely.Polygon(line)
    if polygon.area < SMALLEST_AREA:
        return None
    thin = polygon.simplify(TOLERANCE)
    ring: Array = np.asarray(thin.exterior.coords)[:-1]
    return ring if len(ring) >= 3 else None
