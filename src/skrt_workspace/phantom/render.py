"""Draw the anatomy as a CT or an MR image, with soft edges and noise as a scanner makes them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from skrt_workspace.phantom import shapes
from skrt_workspace.phantom.anatomy import Chest
from skrt_workspace.phantom.geometry import Array, Grid, Movement, Points, RigidMovement

AIR = -1000.0
NOISE_HU = 14.0


def _paint(image: Array, covered: Array, value: float) -> None:
    image += covered * (np.float32(value) - image)


def _draw(chest: Chest, grid: Grid, movement: Movement, channel: str) -> Array:
    image = np.full(grid.size[::-1], AIR if channel == "ct" else 0.0, dtype=np.float32)
    points = movement.inverse(grid.points())
    soft = np.float32(1 / (0.8 * max(grid.spacing[:2])))
    for tissue in chest.tissues():
        part = grid.box(tissue.low, tissue.high, movement.largest + 3)
        if any(piece.start >= piece.stop for piece in part):
            continue
        local: Points = (points[0][part], points[1][part], points[2][part])
        covered = np.clip(np.float32(0.5) - tissue.distance(local) * soft, 0, 1)
        _paint(image[part], covered, tissue.ct if channel == "ct" else tissue.mr)
    if channel == "ct":
        _lung_gradient(image, points)
    return image


def _lung_gradient(image: Array, points: Points) -> None:
    """A patient who lies on the back has denser lungs at the back."""
    lung = (image < -600) & (image > -900)
    image[lung] += np.float32(0.45) * points[1][lung]


def _noise(random: np.random.RandomState, shape: tuple[int, ...], blur: float) -> Array:
    """White noise, blurred within each slice as a reconstruction filter does, with a standard deviation of 1."""
    noise = random.standard_normal(shape).astype(np.float32)
    noise = ndimage.gaussian_filter1d(ndimage.gaussian_filter1d(noise, blur, axis=1), blur, axis=2)
    scaled: Array = noise / noise.std()
    return scaled


def ct_image(chest: Chest, grid: Grid, movement: Movement, seed: int) -> Array:
    """A CT image in Hounsfield units, 16-bit, shape (z, y, x)."""
    image = _draw(chest, grid, movement, "ct")
    _draw_couch(image, grid, movement, chest.size)
    random = np.random.RandomState(seed)
    x, y = grid.axis(0)[None, :], grid.axis(1)[:, None]
    centre = np.exp(-((x / 150) ** 2) - (y / 110) ** 2).astype(np.float32)
    image += _noise(random, image.shape, 0.7) * np.float32(NOISE_HU) * (np.float32(0.55) + np.float32(0.6) * centre)
    whole: Array = np.clip(np.rint(image), -1024, 3000).astype(np.int16)
    return whole


def _draw_couch(image: Array, grid: Grid, movement: Movement, size: float) -> None:
    """A curved carbon plate on foam, below the back; it moves with the patient, but is not deformed."""
    part = grid.box((-400, 95, -400), (400, 400, 400), 0)
    points = grid.points(part)
    x, y, _ = movement.inverse(points) if isinstance(movement, RigidMovement) else points
    surface = 116 * size - (x / 175) ** 2 * 14
    depth = y - surface
    side = np.abs(x) - 182
    for value, top, bottom in ((-350.0, 0.0, 17.0), (-935.0, 2.2, 14.8)):
        distance = np.maximum(np.maximum(top - depth, depth - bottom), side)
        _paint(image[part], np.clip(0.5 - distance / 2.5, 0, 1).astype(np.float32) * (image[part] < -850), value)


def mr_image(chest: Chest, grid: Grid, movement: Movement, seed: int) -> Array:
    """A T1-weighted MR image in arbitrary units, unsigned 16-bit, with the brightness of the coil and Rician noise."""
    image = _draw(chest, grid, movement, "mr")
    x, y = grid.axis(0)[None, :], grid.axis(1)[:, None]
    image *= (1.0 + 0.25 * shapes.smooth_step(-y / 110) - 0.15 * (x / 180) ** 2).astype(np.float32)
    random = np.random.RandomState(seed)
    real = image + 12 * _noise(random, image.shape, 0.5)
    imaginary = 12 * _noise(random, image.shape, 0.5)
    whole: Array = np.rint(np.hypot(real, imaginary)).astype(np.uint16)
    return whole
