"""Two sets of contours as masks on one grid: planes where the reference has them, pixels of 1 mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.structure_rules import Contours

Array = Any
_PIXEL_MM = 1.0
_MARGIN = 3
_MOST_VOXELS = 400_000_000


@dataclass(frozen=True)
class Frame:
    """The grid: the first pixel's centre (x, y), the planes' heights, and how many pixels there are."""

    corner: Array
    heights: Array
    size: tuple[int, int]

    @property
    def spacing(self) -> tuple[float, float, float]:
        """mm between planes, rows and columns."""
        return (self.step, _PIXEL_MM, _PIXEL_MM)

    @property
    def step(self) -> float:
        """mm between planes."""
        return float(np.median(np.diff(self.heights))) if len(self.heights) > 1 else 1.0


def frame_of(*structures: Contours) -> Frame:
    """A grid that holds all their contours. Raises UnusableDataError where it would be too large."""
    points = np.concatenate([contour for one in structures for contour in one.closed])
    reference = np.unique(np.round([contour[0, 2] for contour in structures[0].closed], 2))
    step = float(np.median(np.diff(reference))) if len(reference) > 1 else 1.0
    low, high = points[:, 2].min(), points[:, 2].max()
    # The reference's planes, gone on with beyond its ends as far as anybody drew.
    below = np.arange(reference[0] - step, low - step / 2, -step)[::-1]
    above = np.arange(reference[-1] + step, high + step / 2, step)
    inner = np.linspace(reference[0], reference[-1], round((reference[-1] - reference[0]) / step) + 1)
    heights = np.concatenate([below, inner, above])
    # Pixels' centres between whole mm: contours are often drawn on those, and a centre on a line is neither in nor out.
    corner = np.floor(points[:, :2].min(axis=0)) - (_MARGIN - 0.5) * _PIXEL_MM
    size = np.ceil((points[:, :2].max(axis=0) - corner) / _PIXEL_MM).astype(int) + _MARGIN + 1
    if size[0] * size[1] * len(heights) > _MOST_VOXELS:
        raise UnusableDataError("The contours reach over more than can be compared: are some of them misplaced?")
    return Frame(corner, heights, (int(size[1]), int(size[0])))


def mask_of(structure: Contours, frame: Frame) -> Array:
    """Inside or outside, by plane, row and column; of contours within each other the inner one is a hole."""
    from skimage.draw import polygon2mask  # noqa: PLC0415 - heavy

    mask = np.zeros((len(frame.heights), *frame.size), bool)
    for contour in structure.closed:
        plane = int(np.abs(frame.heights - contour[0, 2]).argmin())
        if abs(frame.heights[plane] - contour[0, 2]) > frame.step / 2 + 0.01:
            continue
        corners = (contour[:, [1, 0]] - frame.corner[::-1]) / _PIXEL_MM
        mask[plane] ^= polygon2mask(frame.size, corners)
    return mask
