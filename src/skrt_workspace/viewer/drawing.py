"""Contours that a person draws or corrects, in mm, with undo; untouched ones stay to the last digit.

A stroke is a closed line in an axial plane. It replaces a structure's contours in that plane, or is added to them or
taken away; nothing goes by way of voxels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skrt_workspace.viewer.grids import Array, Grid

WAYS = ("replace", "add", "take away")
_FLAT_MM = 0.05
_LEAST_AREA = 0.05  # square mm: less is a slip of the hand

Plane = list[Array]


@dataclass
class Drawing:
    """The contours of every structure by height: points (x, y) in mm, LPS, by the z of their plane."""

    image: Grid
    contours: dict[str, dict[float, Plane]] = field(default_factory=dict)
    _done: list[tuple[str, float, Plane | None]] = field(default_factory=list)

    def stroke(self, name: str, points: Any, way: str = "replace") -> float:
        """Draw a closed line, points (x, y, z) in mm; the height of the plane that it changed.

        :raises ValueError: for points that enclose nothing, or are not in one axial plane, or another way than WAYS.
        """
        if way not in WAYS:
            raise ValueError(f"There is no way {way!r} to draw. There are: {', '.join(WAYS)}.")
        line = np.asarray(points, dtype=float)
        if line.ndim != 2 or line.shape[1] != 3 or len(line) < 3:
            raise ValueError("A contour needs three or more points of x, y, z in mm.")
        if np.ptp(line[:, 2]) > _FLAT_MM:
            raise ValueError("Contours are drawn in axial planes: all points of one need the same z.")
        planes = self.contours.setdefault(name, {})
        height = self._plane(planes, float(line[0, 2]))
        before = planes.get(height)
        after = _combined(before or [], line[:, :2], way)
        self._done.append((name, height, before))
        self._put(name, height, after)
        return height

    def undo(self) -> tuple[str, float] | None:
        """Take the last stroke back: whose it was and in which plane; None where nothing was drawn."""
        if not self._done:
            return None
        name, height, before = self._done.pop()
        self._put(name, height, before)
        return name, height

    @property
    def can_undo(self) -> bool:
        """Whether a stroke can be taken back."""
        return bool(self._done)

    def _put(self, name: str, height: float, plane: Plane | None) -> None:
        if plane:
            self.contours[name][height] = plane
        else:
            self.contours[name].pop(height, None)

    def _plane(self, planes: dict[float, Plane], height: float) -> float:
        """The plane that is meant: the structure's nearest one within half a slice, else the image's nearest slice."""
        step = float(self.image.spacing[2])
        near = min(planes, key=lambda one: abs(one - height), default=None)
        if near is not None and abs(near - height) <= step / 2:
            return near
        number = round((height - float(self.image.origin[2])) / step)
        if not 0 <= number < self.image.shape[2]:
            raise ValueError(f"z = {height:.1f} mm is outside of the image.")
        return round(float(self.image.origin[2]) + step * number, 3)

    def mask(self, name: str, height: float) -> tuple[int, Array]:
        """The slice of the image nearest to a plane, and which of its voxels (x, y) are inside the structure."""
        from skimage.draw import polygon2mask  # noqa: PLC0415 - heavy

        number = round((height - float(self.image.origin[2])) / float(self.image.spacing[2]))
        inside = np.zeros(self.image.shape[:2], bool)
        for contour in self.contours[name].get(height, []):
            inside |= polygon2mask(inside.shape, (contour - self.image.origin[:2]) / self.image.spacing[:2])
        return number, inside


def _combined(before: Plane, line: Array, way: str) -> Plane:
    from shapely.geometry import Polygon  # noqa: PLC0415 - heavy
    from shapely.ops import unary_union  # noqa: PLC0415

    drawn = Polygon(line)
    if not drawn.is_valid:
        drawn = drawn.buffer(0)  # a line that crosses itself
    if drawn.area < _LEAST_AREA:
        raise ValueError("This line encloses nothing. Draw around an area.")
    if way == "replace":
        return [line.copy()] if Polygon(line).is_valid else _rings(drawn)
    there = unary_union([Polygon(one).buffer(0) for one in before]) if before else Polygon()
    return _rings(there.union(drawn) if way == "add" else there.difference(drawn))


def _rings(shape: Any) -> Plane:
    """The outlines of a shape; one with a hole is cut in two through it, because scikit-rt fills holes."""
    from shapely.geometry import LineString  # noqa: PLC0415 - heavy
    from shapely.ops import split  # noqa: PLC0415

    parts, found = [one for one in getattr(shape, "geoms", [shape]) if one.area >= _LEAST_AREA], []
    while parts:
        part = parts.pop()
        if not part.interiors:
            found.append(np.array(part.exterior.coords)[:-1])
            continue
        _, low, _, high = part.bounds
        middle = part.interiors[0].centroid.x
        cut = split(part, LineString([(middle, low - 1), (middle, high + 1)]))
        parts += [one for one in cut.geoms if one.area >= _LEAST_AREA]
    return found
