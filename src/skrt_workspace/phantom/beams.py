"""A plausible dose: a few photon beams shaped to the target, weakened by what they pass.

It is a teaching model (parallel rays, exponential attenuation in water-equivalent depth, Gaussian penumbra, a little
scatter), and not for any clinical use."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from skrt_workspace.phantom.anatomy import Chest
from skrt_workspace.phantom.geometry import Array, Grid
from skrt_workspace.phantom.patients import Prescription

SOURCE_AXIS_DISTANCE = 1000.0
ATTENUATION = 0.0042
"""Per mm of water, about a 6 MV beam."""
PENUMBRA_SIGMA = 4.0
FIELD_MARGIN = 6.0
LEAKAGE = 0.008


def source_direction(gantry_angle: float) -> tuple[float, float]:
    """Unit vector (x, y) from the isocentre to the source, for a patient on the back, head first (IEC 61217)."""
    angle = math.radians(gantry_angle)
    return math.sin(angle), -math.cos(angle)


def planned_dose(chest: Chest, ct: Array, ct_grid: Grid, grid: Grid, prescription: Prescription) -> Array:
    """The dose in Gy on `grid`, shape (z, y, x), scaled so that its mean in the PTV is the prescribed dose.

    `ct` is the planning image in HU on `ct_grid`, which has the same slices as `grid`.
    """
    points = grid.points()
    density = _density(ct, ct_grid, grid)
    target = chest.structure("PTV", points)
    body = np.clip(0.5 - chest.body(points) / grid.spacing[0], 0, 1)
    centre = chest.tumour.centre
    total = np.zeros(density.shape, dtype=np.float32)
    for angle in prescription.gantry_angles:
        beam = _beam(density, target, grid, centre, angle)
        total += beam / max(float(beam[target < 0].mean()), 1e-6)
    blur = [20 / step for step in grid.spacing[::-1]]
    total = (0.95 * total + 0.05 * ndimage.gaussian_filter(total, blur)) * body
    scaled: Array = total * (prescription.dose / float(total[target < 0].mean()))
    return scaled


def _density(ct: Array, ct_grid: Grid, grid: Grid) -> Array:
    """Density relative to water on the dose grid; the couch and the air around count as air."""
    y = (grid.axis(1) - ct_grid.origin[1]) / ct_grid.spacing[1]
    x = (grid.axis(0) - ct_grid.origin[0]) / ct_grid.spacing[0]
    where = np.meshgrid(y, x, indexing="ij")
    slices = [ndimage.map_coordinates(plane, where, order=1, mode="nearest") for plane in ct.astype(np.float32)]
    density: Array = np.clip(1 + np.stack(slices) / 1000, 0, 2).astype(np.float32)
    return density


def _beam(density: Array, target: Array, grid: Grid, centre: tuple[float, float, float], angle: float) -> Array:
    """Dose of one beam, in any unit."""
    sx, sy = source_direction(angle)
    step = grid.spacing[0]
    half = int(math.hypot(grid.size[0], grid.size[1]) / 2) + 30
    ray = (np.arange(2 * half + 1) - half) * step
    along, across = np.meshgrid(ray, ray, indexing="ij")
    x = centre[0] - along * sx - across * sy
    y = centre[1] - along * sy + across * sx
    to_beam = [(y - grid.origin[1]) / grid.spacing[1], (x - grid.origin[0]) / grid.spacing[0]]
    px, py = np.meshgrid(grid.axis(0) - centre[0], grid.axis(1) - centre[1])
    s, u = -(px * sx + py * sy), -(px * sy) + py * sx
    from_beam = [s / step + half, u / step + half]

    inside = np.clip(0.5 - (target - FIELD_MARGIN) / step, 0, 1)
    seen = np.stack([ndimage.map_coordinates(plane, to_beam, order=1).max(axis=0) for plane in inside])
    sigma = (PENUMBRA_SIGMA / grid.spacing[2], PENUMBRA_SIGMA / step)
    fluence = ndimage.gaussian_filter(seen, sigma) + LEAKAGE

    dose = np.empty_like(density)
    spread = (SOURCE_AXIS_DISTANCE / (SOURCE_AXIS_DISTANCE + s)) ** 2
    for k, plane in enumerate(density):
        passed = np.cumsum(ndimage.map_coordinates(plane, to_beam, order=1), axis=0) * step
        depth = ndimage.map_coordinates(passed.astype(np.float32), from_beam, order=1)
        opened = np.interp(u, ray, fluence[k])
        dose[k] = opened * (1 - 0.6 * np.exp(-depth / 6)) * np.exp(-ATTENUATION * depth) * spread
    return dose
