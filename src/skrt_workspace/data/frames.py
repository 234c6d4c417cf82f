"""Where each slice of a series is: one form for classic files (a slice each), enhanced multi-frame files, and doses.

Positions and directions are DICOM's: mm, x to the patient's left, y to the back, z to the head (PS3.3 C.7.6.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from skrt_workspace.data.headers import File, Series

Array = Any
_SAME_DIRECTION = 1e-3
_SAME_PLACE_MM = 0.01
_TILT_DEGREES = 0.1


@dataclass(frozen=True)
class Frame:
    """One slice: its corner, its directions, the mm between its pixels, and what makes values of its numbers."""

    file: File
    number: int
    corner: Array
    across: Array
    down: Array
    spacing: tuple[float, float]
    """mm between columns, mm between rows."""
    slope: float
    intercept: float

    @cached_property
    def normal(self) -> Array:
        """The direction out of the slice."""
        return np.cross(self.across, self.down)


@dataclass(frozen=True)
class Stack:
    """The slices of one direction, sorted along it; of several at one place the first is kept, the rest `doubled`."""

    frames: tuple[Frame, ...]
    doubled: tuple[Frame, ...]
    strays: tuple[Frame, ...]
    """Slices of another direction or another size of pixels, such as a localizer's."""

    @cached_property
    def heights(self) -> Array:
        """The place of each slice along the normal, mm."""
        return np.array([frame.corner @ self.frames[0].normal for frame in self.frames])

    @property
    def step(self) -> float:
        """The usual distance of two slices, mm; of one slice, its thickness."""
        if len(self.frames) > 1:
            return float(np.median(np.diff(self.heights)))
        header = self.frames[0].file.header
        return float(header.get("SliceThickness") or 1.0)

    @property
    def tolerance(self) -> float:
        """How far a distance may differ from the usual one before the difference matters, mm."""
        return max(0.01, 0.01 * self.step)

    @property
    def is_even(self) -> bool:
        """Whether all slices are equally far apart."""
        return bool(np.all(np.abs(np.diff(self.heights) - self.step) <= self.tolerance))

    @cached_property
    def shear(self) -> Array:
        """How far corners move within their plane for each mm along the normal: zero without gantry tilt."""
        if len(self.frames) < 2:
            return np.zeros(3)
        path = self.frames[-1].corner - self.frames[0].corner
        rise = self.heights[-1] - self.heights[0]
        return (path - rise * self.frames[0].normal) / rise

    @property
    def tilt_degrees(self) -> float:
        """The angle between the way from slice to slice and the slices' normal."""
        angle = float(np.degrees(np.arctan(np.linalg.norm(self.shear))))
        return angle if angle > _TILT_DEGREES else 0.0

    @property
    def is_along_axes(self) -> bool:
        """Whether rows and columns run along the patient's axes, forward or backward."""
        frame = self.frames[0]
        return all(np.abs(direction).max() > 1 - 1e-4 for direction in (frame.across, frame.down))


def stack(series: Series) -> Stack | None:
    """The slices of a series, or None where they have no place in space."""
    return stack_of([frame for file in series.files for frame in frames_of(file)])


def stack_of(frames: list[Frame]) -> Stack | None:
    """Sort slices; those of the commonest direction and size are the image."""
    if not frames:
        return None
    groups: list[list[Frame]] = []
    for frame in frames:
        group = next((group for group in groups if _belong_together(group[0], frame)), None)
        if group is None:
            groups.append([frame])
        else:
            group.append(frame)
    groups.sort(key=len, reverse=True)
    kept: list[Frame] = []
    doubled: list[Frame] = []
    for frame in sorted(groups[0], key=lambda one: float(one.corner @ groups[0][0].normal)):
        same = kept and abs((frame.corner - kept[-1].corner) @ frame.normal) < _SAME_PLACE_MM
        (doubled if same else kept).append(frame)
    return Stack(tuple(kept), tuple(doubled), tuple(frame for group in groups[1:] for frame in group))


def _belong_together(first: Frame, other: Frame) -> bool:
    sizes = [
        (frame.file.header.get("Rows"), frame.file.header.get("Columns"), *frame.spacing) for frame in (first, other)
    ]
    same = all(
        np.abs(one - two).max() < _SAME_DIRECTION
        for one, two in ((first.across, other.across), (first.down, other.down))
    )
    return same and bool(np.allclose(np.array(sizes[0], float), np.array(sizes[1], float), atol=1e-4))


def frames_of(file: File) -> Iterator[Frame]:
    """The slices of one file; none where it does not say where they are."""
    header = file.header
    if "PerFrameFunctionalGroupsSequence" in header:
        yield from _enhanced(file)
    elif int(header.get("NumberOfFrames") or 1) > 1 or "GridFrameOffsetVector" in header:
        yield from _dose(file)
    elif header.get("ImagePositionPatient") and header.get("ImageOrientationPatient"):
        slope = header.get("DoseGridScaling", header.get("RescaleSlope"))
        yield _frame(file, 0, header, header, header, slope=slope, intercept=header.get("RescaleIntercept"))


def _enhanced(file: File) -> Iterator[Frame]:
    """Enhanced CT, MR and PET: an attribute stands in the frame's own group or in the one for all (PS3.3 C.7.6.16)."""
    header = file.header
    shared: Any = next(iter(header.get("SharedFunctionalGroupsSequence") or []), {})
    for number, own in enumerate(header.PerFrameFunctionalGroupsSequence):
        place, plane, pixels, values = (
            _group(own, shared, f"{name}Sequence")
            for name in ("PlanePosition", "PlaneOrientation", "PixelMeasures", "PixelValueTransformation")
        )
        if place.get("ImagePositionPatient") and plane.get("ImageOrientationPatient"):
            slope, intercept = values.get("RescaleSlope"), values.get("RescaleIntercept")
            yield _frame(file, number, place, plane, pixels, slope=slope, intercept=intercept)


def _group(own: Any, shared: Any, name: str) -> Any:
    for groups in (own, shared):
        if groups.get(name):
            return groups[name].value[0] if hasattr(groups[name], "value") else groups[name][0]
    return {}


def _dose(file: File) -> Iterator[Frame]:
    """A dose: frames lie along the normal at offsets from the corner or, in old files, absolute ones (C.8.8.3.2)."""
    header = file.header
    offsets = header.get("GridFrameOffsetVector")
    if not (offsets and header.get("ImagePositionPatient") and header.get("ImageOrientationPatient")):
        return
    first = _frame(file, 0, header, header, header, slope=header.get("DoseGridScaling"), intercept=None)
    heights = np.array([float(offset) for offset in offsets])
    if heights[0] != 0:
        heights = heights - heights[0]
    for number, height in enumerate(heights):
        corner = first.corner + height * first.normal
        yield Frame(file, number, corner, first.across, first.down, first.spacing, first.slope, 0.0)


def _frame(file: File, number: int, place: Any, plane: Any, pixels: Any, *, slope: Any, intercept: Any) -> Frame:
    directions = np.array([float(value) for value in plane.get("ImageOrientationPatient")])
    rows, columns = (float(value) for value in pixels.get("PixelSpacing") or (1, 1))
    return Frame(
        file=file,
        number=number,
        corner=np.array([float(value) for value in place.get("ImagePositionPatient")]),
        across=directions[:3] / np.linalg.norm(directions[:3]),
        down=directions[3:] / np.linalg.norm(directions[3:]),
        spacing=(columns, rows),
        slope=1.0 if slope is None else float(slope),
        intercept=0.0 if intercept is None else float(intercept),
    )
