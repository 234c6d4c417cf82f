"""Distances to simple shapes, from which the anatomy is made.

Each function gives, for many points, about the distance in mm to the surface of a shape: negative inside. Near the
surface the value is good enough for soft edges and for contours, farther away it may be wrong by some percent."""

from __future__ import annotations

import numpy as np

from skrt_workspace.phantom.geometry import Array, Points


def ellipsoid(points: Points, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Array:
    """Distance to an ellipsoid with its axes along x, y and z (first-order: the level function over its gradient)."""
    scaled = [(p - np.float32(c)) / np.float32(r) for p, c, r in zip(points, centre, radii, strict=True)]
    level = np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2) + np.float32(1e-6)
    gradient = np.sqrt(sum((s / np.float32(r)) ** 2 for s, r in zip(scaled, radii, strict=True))) + np.float32(1e-6)
    distance: Array = level * (level - 1) / gradient
    return distance


def ellipse_column(x: Array, y: Array, radii: tuple[float | Array, float | Array], power: float = 2.0) -> Array:
    """Distance, measured towards the axis, to a column along z; a power above 2 makes it more like a rectangle.

    x and y are relative to the axis; a radius may be an array (a column whose width changes along z).
    """
    u, v = np.abs(x / radii[0]), np.abs(y / radii[1])
    level = np.sqrt(u * u + v * v) if power == 2.0 else (u**power + v**power) ** (1 / power)
    level = level + np.float32(1e-6)
    distance: Array = np.sqrt(x * x + y * y) * (1 - 1 / level)
    return distance


def capsule(points: Points, start: Array, end: Array, radius: float) -> Array:
    """Distance to a tube with round ends between two points."""
    axis = (np.asarray(end) - np.asarray(start)).astype(np.float32)
    relative = [p - np.float32(s) for p, s in zip(points, start, strict=True)]
    along = sum(r * a for r, a in zip(relative, axis, strict=True)) / np.float32(max(float(axis @ axis), 1e-6))
    along = np.clip(along, 0, 1)
    squared = sum((r - along * a) ** 2 for r, a in zip(relative, axis, strict=True))
    distance: Array = np.sqrt(squared) - np.float32(radius)
    return distance


def box(points: Points, centre: tuple[float, float, float], half: tuple[float, float, float]) -> Array:
    """Distance to a box with its sides along x, y and z (the largest of the three excesses)."""
    excess = [np.abs(p - np.float32(c)) - np.float32(h) for p, c, h in zip(points, centre, half, strict=True)]
    return np.maximum(np.maximum(excess[0], excess[1]), excess[2])


def lobulated_sphere(points: Points, centre: tuple[float, float, float], radius: float, lobes: float = 0.1) -> Array:
    """Distance, measured towards the centre, to a ball whose radius varies with the direction, as a tumour's does."""
    x, y, z = (p - np.float32(c) for p, c in zip(points, centre, strict=True))
    length = np.sqrt(x * x + y * y + z * z) + np.float32(1e-6)
    a, b, c = x / length, y / length, z / length
    bumps = 3 * a * b + 2 * b * c - a * c + 2 * a * b * c
    distance: Array = length - np.float32(radius) * (1 + np.float32(lobes) * bumps)
    return distance


def smooth_step(values: Array) -> Array:
    """0 below 0, 1 above 1, and a smooth rise between."""
    t = np.clip(values, 0, 1)
    step: Array = t * t * (3 - 2 * t)
    return step
