"""Transforms in files, and where each takes points: of DICOM registrations, fields of displacements, and elastix.

All go from the fixed image to the moving one, as what resamples the moving image needs them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.frames import Array
from skrt_workspace.data.headers import NIFTI_ENDINGS

FIELD_ENDINGS = (*NIFTI_ENDINGS, ".mha", ".mhd", ".nrrd", ".nhdr")
PARAMETER_ENDING = ".txt"
_MOST_VECTORS = 100_000_000
_TRANSFORMIX = "import sys; from skrt_workspace.engines.transformix import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True)
class Transform:
    """Where points go.

    :ivar moves: takes points (n, 3) in mm (LPS) and gives how far each moves.
    :ivar extent: the least and the greatest corner of what it was made for, mm; None for a matrix, which has none.
    """

    moves: Callable[[Array], Array]
    extent: tuple[Array, Array] | None = None


def matrix_of(groups: Any) -> Array:
    """The product of the matrices of a MatrixRegistrationSequence or of one MatrixSequence's owner."""
    matrix = np.eye(4)
    for group in groups or []:
        for one in group.get("MatrixSequence") or [group]:
            values = [float(number) for number in one.get("FrameOfReferenceTransformationMatrix") or []]
            if len(values) == matrix.size:
                matrix = np.array(values).reshape(4, 4) @ matrix
    return matrix


def matrices(header: Any) -> dict[str, Array]:
    """For each frame of reference that a REG names, the matrix into the registration's own (PS3.3 C.20.2.1.1)."""
    return {
        str(item.get("FrameOfReferenceUID", "")): matrix_of(item.get("MatrixRegistrationSequence"))
        for item in header.get("RegistrationSequence") or []
    }


def deformations(header: Any) -> dict[str, Transform]:
    """For each frame that a deformable REG names, where points of the registration's own frame go in that one.

    A point goes by the first matrix, is moved by the grid's vector at its place, and goes by the second matrix
    (PS3.3 C.20.3.1.3). Outside the grid nothing is known, and nothing is moved by it.
    """
    found = {}
    for item in header.get("DeformableRegistrationSequence") or []:
        frame = str(item.get("SourceFrameOfReferenceUID", ""))
        before = matrix_of(item.get("PreDeformationMatrixRegistrationSequence"))
        after = matrix_of(item.get("PostDeformationMatrixRegistrationSequence"))
        grids = item.get("DeformableRegistrationGridSequence") or []
        if grids or not np.allclose(after @ before, np.eye(4)):
            found[frame] = _deformation(grids[0] if grids else None, before, after)
    return found


def _deformation(grid: Any, before: Array, after: Array) -> Transform:
    vectors, affine = _grid(grid) if grid is not None else (None, np.eye(4))

    def moves(points: Array) -> Array:
        there = _by_matrix(before, points)
        if vectors is not None:
            there = there + sample_vectors(vectors, affine, points)
        return _by_matrix(after, there) - points

    if vectors is None:
        return Transform(moves)
    ends = np.array(vectors.shape[:3]) - 1
    corners = _by_matrix(affine, np.array([[0, 0, 0], ends]))
    return Transform(moves, (corners.min(axis=0), corners.max(axis=0)))


def _grid(item: Any) -> tuple[Array, Array]:
    """The vectors by index along x, y, z of the grid, and the matrix from an index to mm."""
    size = [int(number) for number in item.GridDimensions]
    if np.prod([float(number) for number in size]) > _MOST_VECTORS:
        raise UnusableDataError("The deformation's grid has more points than can be read.")
    spacing = np.array([float(number) for number in item.GridResolution])
    turned = np.array([float(number) for number in item.ImageOrientationPatient])
    across, down = turned[:3], turned[3:]
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([across, down, np.cross(across, down)]) * spacing
    affine[:3, 3] = [float(number) for number in item.ImagePositionPatient]
    values = item.VectorGridData
    vectors = np.frombuffer(values, "<f4") if isinstance(values, bytes) else np.asarray(values, dtype=np.float32)
    if vectors.size != 3 * np.prod(size):
        number = vectors.size // 3
        raise UnusableDataError(f"The deformation has {number} vectors, and its grid {np.prod(size)} points.")
    return vectors.reshape(size[2], size[1], size[0], 3).transpose(2, 1, 0, 3), affine


def sample_vectors(vectors: Array, affine: Array, points: Array) -> Array:
    """Vectors at places in mm, linear between the grid's points; zero beyond half a step outside."""
    from scipy import ndimage  # noqa: PLC0415 - heavy

    where = np.linalg.solve(affine[:3, :3], (points - affine[:3, 3]).T)
    found = np.stack(
        [
            ndimage.map_coordinates(vectors[..., part], where, order=1, mode="nearest")
            for part in range(vectors.shape[-1])
        ],
        axis=1,
    )
    ends = np.array(vectors.shape[:3])[:, None] - 0.5
    found[np.any((where < -0.5) | (where > ends), axis=0)] = 0
    return np.nan_to_num(found)


def _by_matrix(matrix: Array, points: Array) -> Array:
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def field_of(path: Path) -> Transform:
    """A file of displacements in mm that SimpleITK reads; those of a NIfTI file are in NIfTI's directions.

    :raises UnusableDataError: for a file that holds no displacements.
    """
    import SimpleITK  # noqa: PLC0415 - heavy

    try:
        field = SimpleITK.ReadImage(str(path))
    except RuntimeError:
        raise UnusableDataError(f"{path.name} is cut short, or holds no displacements.") from None
    vectors = SimpleITK.GetArrayFromImage(field)
    if vectors.ndim != 4 or vectors.shape[-1] != 3:
        raise UnusableDataError(
            f"{path.name} holds no displacements: an image of three dimensions with vectors of three."
        )
    affine = np.eye(4)
    affine[:3, :3] = np.array(field.GetDirection()).reshape(3, 3) * np.array(field.GetSpacing())
    affine[:3, 3] = field.GetOrigin()
    signs = np.array([-1.0, -1.0, 1.0] if path.name.endswith(NIFTI_ENDINGS) else [1.0, 1.0, 1.0])
    values = vectors.transpose(2, 1, 0, 3) * signs
    corners = _by_matrix(affine, np.array([[0, 0, 0], np.array(values.shape[:3]) - 1]))
    return Transform(lambda points: sample_vectors(values, affine, points), (corners.min(axis=0), corners.max(axis=0)))


def parameters_of(path: Path) -> Transform:
    """A file of parameters that elastix wrote: its transformix takes the points.

    :raises UnusableDataError: where transformix refuses the file.
    """

    def moves(points: Array) -> Array:
        with tempfile.TemporaryDirectory() as folder:
            lines = "\n".join(" ".join(f"{number:.6f}" for number in point) for point in points)
            asked = Path(folder, "points.txt")
            asked.write_text(f"point\n{len(points)}\n{lines}\n", encoding="utf-8")
            words = ["-def", str(asked), "-tp", str(path), "-out", folder]
            done = subprocess.run(
                [sys.executable, "-c", _TRANSFORMIX, *words], capture_output=True, text=True, check=False
            )
            answer = Path(folder, "outputpoints.txt")
            if done.returncode or not answer.exists():
                why = (done.stderr or done.stdout).strip().splitlines()
                raise UnusableDataError(f"transformix cannot use {path.name}: {why[-1] if why else 'no answer'}")
            return _deformed(answer.read_text(encoding="utf-8"), points)

    return Transform(moves, _extent_of(path.read_text(encoding="utf-8", errors="replace")))


def _deformed(text: str, points: Array) -> Array:
    """The column `Deformation` of transformix's table."""
    found = [
        [float(number) for number in line.split("Deformation = [")[1].split("]")[0].split()]
        for line in text.splitlines()
        if "Deformation = [" in line
    ]
    if len(found) != len(points):
        raise UnusableDataError("transformix left out points.")
    return np.array(found)


def _extent_of(text: str) -> tuple[Array, Array] | None:
    """The fixed image's place, from the lines Size, Spacing and Origin of a file of parameters."""
    known = {}
    for line in text.splitlines():
        words = line.strip().strip("()").split()
        if words and words[0] in ("Size", "Spacing", "Origin", "Direction"):
            known[words[0]] = np.array([float(word) for word in words[1:]])
    if not {"Size", "Spacing", "Origin"} <= set(known) or len(known["Size"]) != 3:
        return None
    turned = known.get("Direction", np.eye(3).ravel()).reshape(3, 3)
    far = known["Origin"] + turned @ (known["Spacing"] * (known["Size"] - 1))
    ends = np.array([known["Origin"], far])
    return ends.min(axis=0), ends.max(axis=0)
