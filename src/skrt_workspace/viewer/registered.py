"""A DICOM registration as two images on one grid: the moving one where it belongs in the fixed one, and the way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.frames import stack
from skrt_workspace.data.headers import Series
from skrt_workspace.data.transforms import Transform, deformations, matrices, sample_vectors
from skrt_workspace.data.volume import Volume, volume_of
from skrt_workspace.viewer import belonging, summaries
from skrt_workspace.viewer.deformation import Lattice, lattice_of
from skrt_workspace.viewer.grids import Grid, onto, upright_grid


@dataclass
class Registered:
    """What there is to see; images are None where one of the two is not there."""

    facts: list[summaries.Row]
    fixed: Grid | None = None
    moving: Grid | None = None
    lattice: Lattice | None = None
    notes: list[str] = field(default_factory=list)


def registered(found: belonging.Found) -> Registered:
    """The registration of a REG file. Raises UnusableDataError for one that moves nothing."""
    header = found.series.first
    own = str(header.get("FrameOfReferenceUID", ""))
    bent = deformations(header)
    moved = {frame: matrix for frame, matrix in matrices(header).items() if frame != own}
    if not bent and not moved:
        raise UnusableDataError(
            f"{found.series.names[0]} is a registration that moves nothing: it names one frame only."
        )
    frame = next(iter(bent or moved))
    what = "the grid" if bent else "the matrix"
    facts = summaries.deformation(header, bent[frame]) if bent else summaries.registration(moved[frame])
    made = Registered(facts)
    fixed, moving = (belonging.of_frame(uid, found.contents) for uid in (own, frame))
    for one, called in ((fixed, "fixed"), (moving, "moving")):
        if one is None:
            made.notes.append(f"The {called} image is not in its folder or those around it; here is {what}.")
    if fixed is None or moving is None:
        return made
    made.fixed = upright_grid(_volume(fixed), [])
    if bent:
        made.lattice = lattice_of(bent[frame].moves, made.fixed)
        made.moving = bent_onto(upright_grid(_volume(moving), []), made.fixed, bent[frame])
    else:
        there = _volume(moving)
        grid = upright_grid(Volume(there.values, moved[frame] @ there.affine), [])
        made.moving = onto(grid, made.fixed, grid.limits[0])
    return made


def bent_onto(moving: Grid, fixed: Grid, transform: Transform) -> Grid:
    """The moving image at where the transform takes each of the fixed image's voxels, linear between its own."""
    values = np.empty(fixed.shape, moving.values.dtype)
    whole = np.issubdtype(values.dtype, np.integer)
    across, down = (fixed.origin[axis] + fixed.spacing[axis] * np.arange(fixed.shape[axis]) for axis in (0, 1))
    places = np.stack(np.meshgrid(across, down, [0.0], indexing="ij"), axis=-1).reshape(-1, 3)
    affine = np.diag([*moving.spacing, 1.0])
    affine[:3, 3] = moving.origin
    least = moving.limits[0]  # is what lies outside
    above = (moving.values.astype(np.float32) - least)[..., np.newaxis]
    for number in range(fixed.shape[2]):
        places[:, 2] = fixed.origin[2] + fixed.spacing[2] * number
        found = sample_vectors(above, affine, places + transform.moves(places)).reshape(fixed.shape[:2]) + least
        values[:, :, number] = np.rint(found) if whole else found
    return Grid(values, fixed.spacing, fixed.origin)


def _volume(series: Series) -> Volume:
    slices = stack(series)
    if slices is None:
        raise UnusableDataError(f"{series.modality}: the files do not say where their pixels are.")
    return volume_of(slices)
