"""Transforms compared: how far they miss landmarks, or the reference's places, and whether they fold."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace.compare.masks import Array
from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.headers import Contents, read
from skrt_workspace.data.transforms import (
    FIELD_ENDINGS,
    PARAMETER_ENDING,
    Transform,
    deformations,
    field_of,
    matrices,
    parameters_of,
)

LANDMARK_ENDINGS = (".json", ".csv")
_ALONG = 16
"""Points along each axis at which two transforms are compared, and the Jacobian is taken."""
_NEAR_MM = 1.0
_FIXED, _MOVED = "planning_mm", "moved_mm"


@dataclass(frozen=True)
class Landmarks:
    """Points, where each belongs, and what each is called, shape (n, 3), mm (LPS)."""

    fixed: Array
    moved: Array
    names: tuple[str, ...]


@dataclass(frozen=True)
class TransformMeasures:
    """How a transform does.

    :ivar points: how many points' errors were taken (target registration errors: how far each ends up from where it
        belongs), with their mean, what 95 % of them do not exceed, and the largest.
    :ivar jacobian: least and greatest determinant; `folded_percent` of the points have none above zero.
    :ivar worst: where the error is largest, x, y, z in mm.
    """

    points: int
    mean_mm: float
    most_mm: float
    largest_mm: float
    jacobian: tuple[float, float]
    folded_percent: float
    worst: tuple[float, float, float]


def is_landmarks(place: Path) -> bool:
    """Whether a file is one of landmarks, by its name."""
    return place.name.lower().endswith(LANDMARK_ENDINGS)


def landmarks_of(path: Path) -> Landmarks:
    """Landmarks of a file: JSON as in the phantom's truth, or a table of x, y, z, and x, y, z where they belong.

    :raises UnusableDataError: for a file that is neither.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = _of_json(json.loads(text)) if path.suffix.lower() == ".json" else _of_table(text)
        places = np.array([row[1] for row in rows], dtype=float).reshape(-1, 6)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnusableDataError(
            f"{path.name} holds no landmarks ({error}). Write JSON, a list of objects with {_FIXED} and {_MOVED}, or a "
            "table of six numbers a line: x, y, z in the fixed image, and where they belong in the moving one."
        ) from None
    if not len(places) or not np.isfinite(places).all():
        raise UnusableDataError(f"{path.name} holds no landmarks.")
    return Landmarks(places[:, :3], places[:, 3:], tuple(row[0] for row in rows))


def _of_json(document: Any) -> list[tuple[str, Sequence[float]]]:
    items = document["landmarks"] if isinstance(document, Mapping) else document
    return [(str(item.get("name", number)), [*item[_FIXED], *item[_MOVED]]) for number, item in enumerate(items, 1)]


def _of_table(text: str) -> list[tuple[str, Sequence[float]]]:
    rows: list[tuple[str, Sequence[float]]] = []
    for number, cells in enumerate(csv.reader(text.splitlines()), 1):
        try:
            rows.append((f"{number}", [float(cell) for cell in cells]))
        except ValueError:
            if number > 1:
                raise
    return rows


def transform_at(place: str | PathLike[str]) -> Transform:
    """The one transform at a place: a REG, a field of displacements, or parameters of elastix.

    :raises UnusableDataError: where there is none, or more than one.
    """
    root = Path(place)
    if not root.exists():
        raise UnusableDataError(f"There is no {root}.")
    contents = read(root)
    registrations = [file for series in contents.of("REG") for file in series.files]
    fields = [path for path in (*contents.nifti, *contents.others) if path.name.lower().endswith(FIELD_ENDINGS)]
    written = [path for path in contents.others if path.name.lower().endswith(PARAMETER_ENDING)]
    found = len(registrations) + len(fields) + len(written)
    if found != 1:
        raise UnusableDataError(
            f"In {root} there are {found} transforms, and one is wanted: a DICOM REG, a field of displacements "
            f"({', '.join(FIELD_ENDINGS)}) or elastix's TransformParameters ({PARAMETER_ENDING})."
        )
    if registrations:
        return _of_registration(registrations[0].header, registrations[0].name)
    return field_of(fields[0]) if fields else parameters_of(written[0])


def _of_registration(header: Any, name: str) -> Transform:
    bent = list(deformations(header).values())
    if bent:
        return bent[0]
    own = str(header.get("FrameOfReferenceUID", ""))
    straight = [matrix for frame, matrix in matrices(header).items() if frame != own]
    if not straight:
        raise UnusableDataError(f"{name} is a registration that moves nothing.")
    # The matrix takes the moving image's points into the fixed one's; ours go the other way, as a resampler needs them.
    back = np.linalg.inv(straight[0])
    return Transform(lambda points: points @ back[:3, :3].T + back[:3, 3] - points)


def places_of(reference: Transform, contents: Contents) -> Array:
    """Points all over what a transform was made for, or over the image beside it, a tenth away from its border."""
    extent = reference.extent or _image_extent(contents)
    if extent is None:
        raise UnusableDataError(
            f"{contents.root} does not say for which part of space it was made. Give landmarks instead (.json or .csv)."
        )
    low, high = extent
    return lattice(low + 0.1 * (high - low), high - 0.1 * (high - low))


def lattice(low: Array, high: Array) -> Array:
    """Points evenly between two corners."""
    ranges = [np.linspace(least, most, _ALONG) for least, most in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)


def _image_extent(contents: Contents) -> tuple[Array, Array] | None:
    from skrt_workspace.data.loading import image_of_series  # noqa: PLC0415

    for series in contents.images():
        made = image_of_series(series, [], lambda values, **where: (values.shape, where))
        if made is not None:
            (down, across, through), where = made
            origin = np.array(where["origin"])
            return origin, origin + np.array(where["voxel_size"]) * (np.array([across, down, through]) - 1)
    return None


def measure_transform(
    transform: Transform, points: Array, belong: Array, over: Array
) -> tuple[TransformMeasures, Array]:
    """All numbers for a transform, and the error of each point.

    :param points: whose errors are told, and `belong` where they ought to end up, shape (n, 3).
    :param over: the points at which the Jacobian is taken.
    """
    found = _checked(transform.moves(points))
    errors = np.linalg.norm(points + found - belong, axis=1)
    determinants = jacobian(transform, over)
    x, y, z = (float(number) for number in points[int(errors.argmax())])
    measures = TransformMeasures(
        len(errors),
        float(errors.mean()),
        float(np.percentile(errors, 95)),
        float(errors.max()),
        (float(determinants.min()), float(determinants.max())),
        float(100 * (determinants <= 0).mean()),
        (x, y, z),
    )
    return measures, errors


def jacobian(transform: Transform, points: Array) -> Array:
    """The determinant of the transform's derivative at each point, from points a millimetre away on both sides."""
    ways = np.concatenate([np.eye(3), -np.eye(3)]) * _NEAR_MM
    around = (points[None] + ways[:, None]).reshape(-1, 3)
    there = (around + _checked(transform.moves(around))).reshape(6, -1, 3)
    derivative = (there[:3] - there[3:]) / (2 * _NEAR_MM)
    return np.linalg.det(derivative.transpose(1, 2, 0))


def _checked(moves: Array) -> Array:
    if not np.isfinite(moves).all():
        raise UnusableDataError("It takes points to places that are no numbers: the registration diverged.")
    return moves
