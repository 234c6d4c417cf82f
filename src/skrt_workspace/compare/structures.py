"""Numbers for two structures, and structures of two files matched by what their names mean."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from skrt_workspace.compare.masks import Array, Frame, frame_of, mask_of
from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.headers import File, read
from skrt_workspace.data.structure_rules import Contours, structures_of
from skrt_workspace.names import standard_name

TOLERANCES_MM = (1.0, 2.0, 3.0)


@dataclass(frozen=True)
class Measures:
    """How two structures agree: shares from 0 to 1, distances in mm, the volume ratio other to reference.

    :ivar added_path_mm: how much of the reference's contours is missing in the other's (`added_path`).
    """

    dice: float
    surface_dice: tuple[float, ...]
    hd95_mm: float
    mean_distance_mm: float
    added_path_mm: float
    volume_ml: float
    volume_ratio: float
    worst_height_mm: float


@dataclass(frozen=True)
class Compared:
    """One structure of the reference and what somebody drew for it.

    :ivar drawn_as: the name that it was given; empty where nothing was found.
    :ivar sure: whether the names mean the same for certain.
    """

    name: str
    drawn_as: str
    sure: bool
    measures: Measures | None


def structure_file(place: str | PathLike[str]) -> File:
    """The one RTSTRUCT file at a place. Raises UnusableDataError."""
    root = Path(place)
    if not root.exists():
        raise UnusableDataError(f"There is no {root}.")
    files = [file for series in read(root).of("RTSTRUCT") for file in series.files]
    if len(files) != 1:
        raise UnusableDataError(f"In {root} there are {len(files)} structure sets (RTSTRUCT), and one is wanted.")
    return files[0]


def compare_files(reference: str | PathLike[str], other: str | PathLike[str]) -> list[Compared]:
    """Each structure of the reference with the other's of the same meaning. Raises UnusableDataError."""
    return compare_sets(structures_of(structure_file(reference)), structures_of(structure_file(other)))


def compare_sets(reference: list[Contours], other: list[Contours]) -> list[Compared]:
    """As `compare_files`, of structures that were read."""
    found = []
    for one in reference:
        if not one.closed:
            continue
        drawn, sure = _partner(one, other)
        measured = measure(one, drawn) if drawn is not None and drawn.closed else None
        found.append(Compared(one.name, drawn.name if drawn else "", sure, measured))
    return found


def _partner(wanted: Contours, other: list[Contours]) -> tuple[Contours | None, bool]:
    """The structure that is meant: of the same name, else of the same standard name."""
    same = [one for one in other if one.name.strip().lower() == wanted.name.strip().lower()]
    if same:
        return same[0], len(same) == 1
    name, sure = standard_name(wanted.name)
    near = [(one, standard_name(one.name)) for one in other]
    meant = [(one, certain) for one, (meaning, certain) in near if meaning.lower() == name.lower()]
    if not meant:
        return None, True
    one, certain = meant[0]
    return one, sure and certain and len(meant) == 1


def measure(reference: Contours, other: Contours) -> Measures:
    """All numbers for two structures that have contours."""
    frame = frame_of(reference, other)
    return measure_masks(mask_of(reference, frame), mask_of(other, frame), frame)


def measure_masks(reference: Array, other: Array, frame: Frame) -> Measures:
    """The same for masks on one grid; surfaces by Nikolov et al. (https://arxiv.org/abs/1809.04430)."""
    import surface_distance  # noqa: PLC0415 - heavy

    distances = surface_distance.compute_surface_distances(reference, other, frame.spacing)
    there, back = surface_distance.compute_average_surface_distance(distances)
    volume = frame.spacing[0] * frame.spacing[1] * frame.spacing[2] / 1000
    overlap = float((reference & other).sum())
    total = float(reference.sum() + other.sum())
    wrong = (reference ^ other).sum(axis=(1, 2))
    return Measures(
        dice=2 * overlap / total if total else 1.0,
        surface_dice=tuple(
            float(surface_distance.compute_surface_dice_at_tolerance(distances, limit)) for limit in TOLERANCES_MM
        ),
        hd95_mm=float(surface_distance.compute_robust_hausdorff(distances, 95)),
        mean_distance_mm=float((there + back) / 2),
        added_path_mm=added_path(reference, other, frame),
        volume_ml=float(other.sum() * volume),
        volume_ratio=float(other.sum() / reference.sum()) if reference.any() else float("inf"),
        worst_height_mm=float(frame.heights[int(wrong.argmax())]),
    )


def added_path(reference: Array, other: Array, frame: Frame) -> float:
    """The length of the reference's contours that the other's are not near to (Vaassen et al. 2020), mm.

    Counted in pixels of the contours, in each plane; a line in a neighbouring pixel is near.
    """
    from scipy import ndimage  # noqa: PLC0415 - heavy

    cross = ndimage.generate_binary_structure(2, 1)[np.newaxis]
    line, drawn = (mask & ~ndimage.binary_erosion(mask, cross) for mask in (reference, other))
    near = ndimage.binary_dilation(drawn, np.ones((1, 3, 3), bool))
    return float((line & ~near).sum() * frame.spacing[1])
