"""Where a registration takes points, and how far it misses landmarks that are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def displacements(registration: Any, points: Any, step: int | str = -1) -> Any:
    """Where the registration takes points of the fixed image, minus the points.

    :param points: shape (n, 3), mm, DICOM patient coordinates.
    :returns: array of shape (n, 3), mm, DICOM patient coordinates; linear between the voxels of the deformation field.
    """
    import nibabel  # noqa: PLC0415 - heavy, and not needed for a record
    import numpy as np  # noqa: PLC0415
    from scipy import ndimage  # noqa: PLC0415

    name = registration.get_step_name(step)
    registration.get_deformation_field(name)
    field = nibabel.load(Path(registration.outdirs[name]) / "deformationField.nii")
    vectors = np.squeeze(np.asarray(field.dataobj))
    to_ras = np.array([-1.0, -1.0, 1.0])
    places = np.c_[np.asarray(points) * to_ras, np.ones(len(points))].T
    voxels = np.linalg.solve(field.affine, places)[:3]
    sampled = [ndimage.map_coordinates(vectors[..., axis], voxels, order=1, mode="nearest") for axis in range(3)]
    # elastix writes its vectors in DICOM's directions, NiftyReg in NIfTI's.
    signs = np.ones(3) if registration.engine.name == "elastix" else to_ras
    return np.stack(sampled, axis=1) * signs


def landmark_errors(registration: Any, landmarks: list[dict[str, list[float]]], step: int | str = -1) -> Any:
    """How far, in mm, the registration misses each landmark (its target registration error), shape (n,).

    :param landmarks: as in the phantom's truth, with the planning scan as the fixed image.
    """
    import numpy as np  # noqa: PLC0415

    planning = np.array([mark["planning_mm"] for mark in landmarks])
    moved = np.array([mark["moved_mm"] for mark in landmarks])
    return np.linalg.norm(planning + displacements(registration, planning, step) - moved, axis=1)
