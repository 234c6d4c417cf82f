"""NIfTI files: what is in one, what scikit-rt gets wrong there, and its voxels with their place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace.data import image_rules
from skrt_workspace.data.findings import Finding, SeriesSummary, UnusableDataError
from skrt_workspace.data.volume import Volume

_TO_MM = {"meter": 1000.0, "micron": 0.001}
"""Units of length that are not mm; a file that names none means mm, as all programs take it."""
_FIELDS = ("vector", "displacement vector")


def look(path: Path) -> tuple[SeriesSummary, list[Finding]]:
    """A line for the table, and every finding."""
    import nibabel  # noqa: PLC0415 - heavy

    try:
        image = nibabel.load(path)
    except Exception as error:
        finding = Finding(
            "unreadable",
            f"{path.name} cannot be read as NIfTI: {error}.",
            "it ends in an error.",
            "Copy it again from where it came.",
            (path.name,),
            mended=False,
        )
        return SeriesSummary("NIfTI", path.name, 1, "unreadable"), [finding]
    sizes = np.linalg.norm(image.affine[:3, :3], axis=0) * _unit(image)
    details = f"{' x '.join(map(str, image.shape))} voxels of {' x '.join(f'{size:g}' for size in sizes[:3])} mm"
    findings = [*_directions(path, image), *_units(path, image), *_place(path, image), *_kind(path, image)]
    return SeriesSummary("NIfTI", path.name, 1, details), findings


def _directions(path: Path, image: Any) -> Iterator[Finding]:
    import nibabel  # noqa: PLC0415 - heavy

    directions = np.abs(image.affine[:3, :3] / np.linalg.norm(image.affine[:3, :3], axis=0))
    if not np.all(directions.max(axis=0) > 1 - 1e-4):
        yield Finding(
            "oblique",
            f"{path.name}: its voxels do not lie along the patient's axes.",
            "the turn is left out: voxel sizes are wrong, and no point is in its place.",
            f"{image_rules.LOAD} It is resampled along the axes.",
            (path.name,),
        )
    elif not np.allclose(np.diag(directions), 1, atol=1e-3):
        yield Finding(
            "permuted-axes",
            f"{path.name}: its first index does not run from left to right ({nibabel.aff2axcodes(image.affine)}).",
            "voxel sizes are 0.",
            image_rules.LOAD,
            (path.name,),
        )


def _units(path: Path, image: Any) -> Iterator[Finding]:
    if _unit(image) != 1:
        yield Finding(
            "not-in-mm",
            f"{path.name}: its lengths are in {image.header.get_xyzt_units()[0]}.",
            "the numbers are taken for mm.",
            image_rules.LOAD,
            (path.name,),
        )


def _place(path: Path, image: Any) -> Iterator[Finding]:
    if not _has_place(image):
        yield Finding(
            "place-unknown",
            f"{path.name}: it does not say where it lies in the patient.",
            "it is put anywhere: structures and other images do not fit to it.",
            "Make it again with a program that writes the place. load() gives it with a note.",
            (path.name,),
            mended=False,
        )


def _kind(path: Path, image: Any) -> Iterator[Finding]:
    if not _is_field(image) and (why := _unsuitable(image)):
        yield Finding(
            "not-one-volume",
            f"{path.name}: {why}.",
            "of several volumes the first is taken; colours end in an error.",
            "Take it apart, into a file for each volume; load() refuses this.",
            (path.name,),
            mended=False,
        )


def note(path: Path) -> tuple[str, bool]:
    """What is to be said of a file where it is loaded, and whether it is left out; nothing where all is well."""
    import nibabel  # noqa: PLC0415 - heavy

    try:
        image = nibabel.load(path)
    except Exception:
        return "", False  # whoever reads it says what is wrong
    if _is_field(image):
        return f"{path.name}: left out, it is a field of vectors.", True
    return "" if _has_place(image) else f"{path.name}: it does not say where it lies in the patient.", False


def nifti_volume(path: Any) -> Volume:
    """A NIfTI image of three dimensions, its matrix in DICOM's directions and mm.

    :raises UnusableDataError: for a file that is none, has more dimensions, or colours.
    """
    import nibabel  # noqa: PLC0415 - heavy

    try:
        image = nibabel.load(path)
        why = _unsuitable(image)
        values = None if why else np.asanyarray(image.dataobj).reshape(_shape(image))
    except Exception as error:
        raise UnusableDataError(f"{path.name} cannot be read as NIfTI: {error}") from error
    if values is None:
        raise UnusableDataError(f"{path.name}: {why}; images of one volume can be loaded.")
    return Volume(values, np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.diag([*[_unit(image)] * 3, 1.0]) @ image.affine)


def _is_field(image: Any) -> bool:
    """Whether it holds vectors, such as a deformation."""
    return "intent_code" in image.header and image.header.get_intent()[0] in _FIELDS


def _unit(image: Any) -> float:
    return _TO_MM.get(image.header.get_xyzt_units()[0], 1.0) if hasattr(image.header, "get_xyzt_units") else 1.0


def _has_place(image: Any) -> bool:
    """Whether one of the two matrices that a file may have is there; older formats have none of both."""
    header = image.header
    return not ("sform_code" in header and int(header["sform_code"]) == int(header["qform_code"]) == 0)


def _shape(image: Any) -> tuple[int, ...]:
    """Sizes along three indexes; more of them may be there, of size 1."""
    return (*image.shape, 1, 1, 1)[:3]


def _unsuitable(image: Any) -> str:
    if image.get_data_dtype().names is not None:
        return "it is a picture in colours"
    if any(size > 1 for size in image.shape[3:]):
        return f"it has {len(image.shape)} dimensions ({' x '.join(map(str, image.shape))})"
    return ""
