"""Write images, masks and displacement fields as compressed NIfTI, with the affine from voxels to RAS mm."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np

from skrt_workspace.phantom.geometry import Array, Grid


def affine(grid: Grid) -> Array:
    """Voxel index (i, j, k) to mm in RAS: NIfTI counts x to the right and y to the front, DICOM the other way."""
    matrix = np.diag([-grid.spacing[0], -grid.spacing[1], grid.spacing[2], 1.0])
    matrix[:3, 3] = (-grid.origin[0], -grid.origin[1], grid.origin[2])
    return matrix


def write_image(path: Path, grid: Grid, image: Array) -> None:
    """Write an array of shape (z, y, x)."""
    _write(path, nibabel.Nifti1Image(np.ascontiguousarray(image.transpose(2, 1, 0)), affine(grid)))


def write_displacement(path: Path, grid: Grid, displacement: tuple[Array, Array, Array]) -> None:
    """Write displacements (x, y, z in DICOM directions, mm) as vectors in RAS, as the NIfTI standard counts them."""
    x, y, z = (part.transpose(2, 1, 0) for part in displacement)
    image = nibabel.Nifti1Image(np.stack([-x, -y, z], axis=-1)[:, :, :, None, :].astype(np.float32), affine(grid))
    image.header.set_intent("vector")
    _write(path, image)


def _write(path: Path, image: nibabel.Nifti1Image) -> None:
    image.header.set_xyzt_units("mm")
    image.set_sform(image.affine, code=1)
    image.set_qform(image.affine, code=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=5, mtime=0))
