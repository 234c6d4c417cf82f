"""Contours of one plane as scikit-rt needs them: rings that neither hold each other nor touch themselves.

A structure with a hole is drawn as a contour within a contour, or as one that runs along a channel into the hole and
back. scikit-rt adds up the areas of the first, and fills the second. Here the hole is opened to the outside by a slit
of a thousandth of a millimetre, and all that is measured is right.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from skrt_workspace.data.frames import Array

_SLIT_MM = 1e-3
_LEAST_MM2 = 0.01


def has_holes(rings: list[Array]) -> bool:
    """Whether a plane's contours (points x, y) enclose something that does not belong to the structure."""
    shapes = [_shape(ring) for ring in rings]
    return any(_holes(shape) for shape in shapes) or any(
        one.intersection(other).area > _LEAST_MM2
        for one, other in combinations(shapes, 2)
        if one.covers(other) or other.covers(one)
    )


def without_holes(rings: list[Array]) -> list[Array]:
    """In simple rings: of contours within each other the inner one is a hole, of equal ones one counts."""
    area: Any = None
    counted: list[Any] = []
    for shape in map(_shape, rings):
        if any(shape.equals(other) for other in counted):
            continue
        counted.append(shape)
        area = shape if area is None else area.symmetric_difference(shape)
    return [np.array(part.exterior.coords)[:-1] for part in _opened(area) if part.area > _LEAST_MM2]


def _shape(ring: Array) -> Any:
    import shapely  # noqa: PLC0415 - heavy

    return shapely.make_valid(shapely.Polygon(ring))


def _parts(shape: Any) -> list[Any]:
    """The polygons of a shape; lines and points of it enclose nothing."""
    found = getattr(shape, "geoms", [shape])
    return [part for part in found if part.geom_type == "Polygon"] + [
        inner for part in found if part.geom_type == "MultiPolygon" for inner in part.geoms
    ]


def _holes(shape: Any) -> bool:
    import shapely  # noqa: PLC0415 - as above

    return any(shapely.Polygon(hole).area > _LEAST_MM2 for part in _parts(shape) for hole in part.interiors)


def _opened(shape: Any) -> list[Any]:
    """Polygons without holes: each hole is opened, from its rightmost point to the right."""
    import shapely  # noqa: PLC0415 - as above

    done, waiting = [], _parts(shape)
    while waiting:
        part = waiting.pop()
        part = shapely.Polygon(part.exterior, [one for one in part.interiors if shapely.Polygon(one).area > _LEAST_MM2])
        if not part.interiors:
            done.append(part)
            continue
        x, y = max(part.interiors[0].coords)
        ray = shapely.LineString([(x, y), (part.bounds[2] + 1, y)])
        end = min(bound[0] for bound in _points(ray.intersection(part.exterior)))
        slit = shapely.box(x - _SLIT_MM, y - _SLIT_MM / 2, end + _SLIT_MM, y + _SLIT_MM / 2)
        waiting += _parts(part.difference(slit))
    return done


def _points(crossing: Any) -> list[Any]:
    return [point for part in getattr(crossing, "geoms", [crossing]) for point in part.coords]
