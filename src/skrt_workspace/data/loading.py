"""Load a folder as scikit-rt's objects, on grids along the patient's axes, or refuse in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.frames import Array, stack
from skrt_workspace.data.headers import Contents, File, Series, read
from skrt_workspace.data.nifti import nifti_volume, note
from skrt_workspace.data.rings import has_holes, without_holes
from skrt_workspace.data.structure_rules import Contours, distinct_names, frames_named, structures_of
from skrt_workspace.data.volume import Volume, volume_of


@dataclass
class Loaded:
    """What was in a folder, as scikit-rt's objects; `notes` says what was resampled, renamed or left out."""

    images: list[Any] = field(default_factory=list)
    structure_sets: list[Any] = field(default_factory=list)
    doses: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def image(self) -> Any:
        """The one image. Raises UnusableDataError where there is none, or more than one."""
        return _only(self.images, "image")

    @property
    def structures(self) -> Any:
        """The one structure set."""
        return _only(self.structure_sets, "structure set")

    @property
    def dose(self) -> Any:
        """The one dose."""
        return _only(self.doses, "dose")


def _only(objects: list[Any], kind: str) -> Any:
    if len(objects) != 1:
        raise UnusableDataError(f"There are {len(objects)} {kind}s here, not one. Take one from the list of {kind}s.")
    return objects[0]


def load_folder(folder: str | PathLike[str]) -> Loaded:
    """Everything below a folder, or one file. Raises UnusableDataError."""
    root = Path(folder)
    if not root.exists():
        raise UnusableDataError(f"There is no {root}. Give a folder with DICOM or NIfTI files, or one such file.")
    contents = read(root)
    if contents.unusable:
        path, why = contents.unusable[0]
        raise UnusableDataError(f"{path} calls itself DICOM and cannot be read: {why}. Copy it again, or move it away.")
    loaded = load_contents(contents)
    if not (loaded.images or loaded.doses or loaded.structure_sets):
        raise UnusableDataError(_nothing(root, contents))
    return loaded


def load_contents(contents: Contents) -> Loaded:
    """What was read, as objects. Raises UnusableDataError."""
    import skrt  # noqa: PLC0415 - heavy

    loaded = Loaded()
    frames: dict[str, Any] = {}
    for series in contents.images():
        image = image_of_series(series, loaded.notes, skrt.Image)
        if image is not None:
            loaded.images.append(image)
            frames.setdefault(str(series.first.get("FrameOfReferenceUID", "")), image)
    images = (_from_nifti(path, loaded.notes) for path in contents.nifti)
    loaded.images += [image for image in images if image is not None]
    for series in contents.of("RTDOSE"):
        loaded.doses += [_dose(file, frames, loaded.notes) for file in series.files]
    for series in contents.of("RTSTRUCT"):
        loaded.structure_sets += [_structure_set(file, frames, loaded.notes) for file in series.files]
    return loaded


def _nothing(root: Path, contents: Contents) -> str:
    kinds = ", ".join(sorted({series.modality for series in contents.series})) or "no DICOM and no NIfTI file"
    return f"There is no image, dose or structure set in {root} ({kinds})."


def image_of_series(series: Series, notes: list[str], kind: Callable[..., Any]) -> Any:
    """A series along the patient's axes, made by `kind(values, voxel_size, origin, title)`; None where it has no place.

    :raises UnusableDataError: for slices that cannot be put together, or a dose that is not in Gy.
    """
    slices = stack(series)
    title = str(series.first.get("SeriesDescription") or series.modality)
    if slices is None:
        notes.append(f"{title}: left out, its files do not say where their pixels are.")
        return None
    if int(series.first.get("SamplesPerPixel") or 1) > 1:
        notes.append(f"{title}: left out, pictures in colours have no values to measure.")
        return None
    if slices.doubled:
        raise UnusableDataError(
            f"{title}: {len(slices.doubled)} slices are at the place of another, "
            f"such as {slices.doubled[0].file.name}. Put each phase into a folder of its own, or remove the copies."
        )
    if series.modality == "RTDOSE" and str(series.first.get("DoseUnits", "")) != "GY":
        raise UnusableDataError(f"{series.names[0]}: the dose is not in Gy. Export it again as absolute dose.")
    if slices.strays:
        notes.append(f"{title}: {len(slices.strays)} slices of another direction or size are left out.")
    return _as_skrt(volume_of(slices), title, notes, kind)


def _as_skrt(volume: Volume, title: str, notes: list[str], kind: Callable[..., Any]) -> Any:
    upright = volume.along_axes()
    if upright.resampled:
        notes.append(f"{title}: values were interpolated onto an even grid along the patient's axes.")
    spacing = [float(number) for number in np.diag(upright.affine)[:3]]
    origin = [float(number) for number in upright.affine[:3, 3]]
    values = np.ascontiguousarray(upright.values.transpose(1, 0, 2))
    return kind(values, voxel_size=spacing, origin=origin, title=title)


def _from_nifti(path: Path, notes: list[str]) -> Any:
    import skrt  # noqa: PLC0415 - heavy

    words, is_left_out = note(path)
    notes += [words] if words else []
    if is_left_out:
        return None
    return _as_skrt(nifti_volume(path), path.name.split(".nii")[0], notes, skrt.Image)


def _dose(file: File, frames: dict[str, Any], notes: list[str]) -> Any:
    import skrt  # noqa: PLC0415 - heavy

    dose = image_of_series(Series(str(file.path), "RTDOSE", [file]), notes, skrt.Dose)
    if dose is None:
        raise UnusableDataError(f"{file.name}: the dose does not say where its planes are.")
    image = frames.get(str(file.header.get("FrameOfReferenceUID", "")))
    if image is not None:
        dose.set_image(image)
    return dose


def _structure_set(file: File, frames: dict[str, Any], notes: list[str]) -> Any:
    import skrt  # noqa: PLC0415 - heavy

    structures = structures_of(file)
    image = next((frames[uid] for uid in frames_named(file.header) if uid in frames), None)
    rois = []
    for one, name in zip(structures, distinct_names(structures), strict=True):
        if not one.is_axial:
            raise UnusableDataError(f"{file.name}: contours of {one.name} are not in axial planes.")
        if name != one.name:
            notes.append(f"{file.name}: the second structure called {one.name} is {name} here.")
        if one.points:
            notes.append(f"{file.name}: {len(one.points)} contours of {one.name} enclose nothing and are left out.")
        if one.closed:
            rois.append(skrt.structures.ROI(_planes(one, name, notes), name=name, image=image, color=one.colour))
    label = str(file.header.get("StructureSetLabel") or file.name)
    return skrt.StructureSet(rois, name=label, image=image)


def _planes(one: Contours, name: str, notes: list[str]) -> dict[float, list[Array]]:
    """Contours as scikit-rt takes them, with holes cut out."""
    planes = one.planes
    holed = [height for height, rings in planes.items() if has_holes(rings)]
    for height in holed:
        planes[height] = without_holes(planes[height])
    if holed:
        notes.append(f"{name}: holes were cut out in {len(holed)} planes.")
    return {height: rings for height, rings in planes.items() if rings}
