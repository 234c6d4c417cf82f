"""scikit-rt's images as arrays along the patient's axes, and as NIfTI for the browser, within a budget of bytes."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from skrt_workspace.data.volume import Volume

Array = Any
BUDGET = 160 << 20
"""Bytes of one image that are sent to a browser; a larger one is sent coarser, and its owner is told."""
AIR = -500
"""An image with values below this is taken for a CT in HU."""
_SLAB = 16
_COMPRESSION = 1  # the way from the kernel to the browser is short, and time counts


@dataclass(frozen=True)
class Grid:
    """Values by index along x, y, z in DICOM's directions (LPS, mm), and where the first voxel's centre is."""

    values: Array
    spacing: Array
    origin: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along x, y, z."""
        return tuple(self.values.shape)

    @property
    def end(self) -> Array:
        """The last voxel's centre, mm."""
        return self.origin + self.spacing * (np.array(self.shape) - 1)

    def index(self, place: Array) -> Array:
        """The place in mm as an index that may lie between voxels."""
        return (np.asarray(place) - self.origin) / self.spacing

    def at(self, place: Array) -> float | None:
        """The value of the nearest voxel; None outside."""
        nearest = np.rint(self.index(place)).astype(int)
        if np.any(nearest < 0) or np.any(nearest >= self.shape):
            return None
        return float(self.values[tuple(nearest)])

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return float(self.values.min()), float(self.values.max())

    @property
    def unit(self) -> str:
        """What the values are counted in, where that can be seen."""
        return "HU" if self.limits[0] < AIR else ""

    def within_budget(self, budget: int = BUDGET) -> Grid:
        """The same, or every second voxel across and down (or every third, ...) so that it fits."""
        size, step = self.values.size * 2, 1
        while size / step**2 > budget:
            step += 1
        if step == 1:
            return self
        thinned = self.values[::step, ::step]
        return Grid(thinned, self.spacing * [step, step, 1], self.origin)

    def nifti(self) -> bytes:
        """A compressed NIfTI file, in its own directions (RAS)."""
        import nibabel  # noqa: PLC0415 - heavy

        matrix = np.diag([-self.spacing[0], -self.spacing[1], self.spacing[2], 1.0])
        matrix[:3, 3] = self.origin * [-1, -1, 1]
        image = nibabel.Nifti1Image(np.asarray(self.values), matrix)
        image.header.set_xyzt_units("mm")
        stream = io.BytesIO()
        with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=_COMPRESSION, mtime=0) as packed:
            image.to_stream(packed)  # slice by slice: the file as a whole would need twice the image's memory
        return stream.getvalue()


def slabs(grid: Grid, target: Grid, outside: float) -> Iterator[tuple[slice, Array]]:
    """The values of one grid at the voxels of another, linear between them, some slices at a time.

    Both lie along the same axes. All at once would need several times the memory of a large image.
    """
    for first in range(0, target.shape[2], _SLAB):
        part = slice(first, min(first + _SLAB, target.shape[2]))
        values = grid.values
        for axis in (2, 0, 1):  # few slices first
            number = np.arange(target.shape[axis])[part] if axis == 2 else np.arange(target.shape[axis])
            where = (target.origin[axis] + target.spacing[axis] * number - grid.origin[axis]) / grid.spacing[axis]
            values = _along(values, where, axis, outside)
        yield part, values


def _along(values: Array, where: Array, axis: int, outside: float) -> Array:
    """Values at places along one axis; half a voxel beyond the last centre still belongs to the image."""
    size = values.shape[axis]
    low = np.clip(np.floor(where).astype(int), 0, max(size - 2, 0))
    high = np.minimum(low + 1, size - 1)
    share = np.clip(where - low, 0, 1).astype(np.float32).reshape([-1 if one == axis else 1 for one in range(3)])
    found = np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share
    beyond = (where < -0.5) | (where > size - 0.5)
    found[tuple(beyond if one == axis else slice(None) for one in range(3))] = outside
    return found


def onto(grid: Grid, target: Grid, outside: float) -> Grid:
    """The values of one grid at the voxels of another; whole numbers stay whole."""
    whole = np.issubdtype(grid.values.dtype, np.integer)
    values = np.empty(target.shape, grid.values.dtype if whole else np.float32)
    for part, found in slabs(grid, target, outside):
        values[:, :, part] = np.rint(found) if whole else found
    return Grid(values, target.spacing, target.origin)


def grid_of(image: Any) -> Grid:
    """A skrt.Image (or Dose) as a grid; values as whole numbers where that loses nothing worth seeing."""
    values = np.asarray(image.get_data(standardise=True)).transpose(1, 0, 2)
    spacing, origin = (np.array(part, dtype=float) for part in (image.get_voxel_size(True), image.get_origin(True)))
    for axis in range(3):
        if spacing[axis] < 0:
            values = np.flip(values, axis)
            origin[axis] += spacing[axis] * (values.shape[axis] - 1)
            spacing[axis] = -spacing[axis]
    return Grid(small(values), spacing, origin)


def upright_grid(volume: Volume, notes: list[str]) -> Grid:
    """A volume of any direction as a grid; a note is added where values were interpolated."""
    upright = volume.along_axes()
    if upright.resampled:
        notes.append("Values were interpolated onto an even grid along the patient's axes.")
    return Grid(small(upright.values), np.diag(upright.affine)[:3].copy(), upright.affine[:3, 3].copy())


def small(values: Array) -> Array:
    """HU and stored numbers as 16-bit whole numbers; a dose, or anything between 0 and 1, as it is."""
    if values.dtype == bool:
        return values.astype(np.uint8)
    spread = float(values.max()) - float(values.min())
    if np.issubdtype(values.dtype, np.int16):
        return values
    if spread > 300 and float(values.min()) >= -32768 and float(values.max()) <= 32767:
        whole = np.empty_like(values, np.int16)
        for first in range(0, values.shape[2], _SLAB):  # at once, it would need as much again as the image
            part = slice(first, first + _SLAB)
            whole[:, :, part] = np.rint(values[:, :, part])
        return whole
    return values.astype(np.float32)
