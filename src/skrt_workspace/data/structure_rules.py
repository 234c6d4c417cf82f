"""What scikit-rt 0.8.2 makes of structure sets without a word, and the contours as they stand in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from skrt_workspace.data.findings import Finding
from skrt_workspace.data.frames import Array
from skrt_workspace.data.headers import Contents, File
from skrt_workspace.data.rings import has_holes

_FLAT_MM = 0.01
_AREA = 3


@dataclass(frozen=True)
class Contours:
    """One structure: its name in the file, its colour, and its closed contours, each of shape (n, 3), mm.

    :ivar points: contours that enclose nothing: of one or two points, or marked as points or open.
    """

    number: int
    name: str
    colour: tuple[float, ...] | None
    closed: tuple[Array, ...]
    points: tuple[Array, ...]

    @property
    def planes(self) -> dict[float, list[Array]]:
        """The closed contours as points (x, y), by the z of their plane."""
        found: dict[float, list[Array]] = {}
        for contour in self.closed:
            found.setdefault(round(float(contour[0, 2]), 3), []).append(contour[:, :2])
        return found

    @property
    def is_axial(self) -> bool:
        """Whether each contour lies in one axial plane, as scikit-rt takes for granted."""
        return all(float(np.ptp(contour[:, 2])) <= _FLAT_MM for contour in self.closed)


def structures_of(file: File) -> list[Contours]:
    """The structures of a structure set, in its order; those without contours too."""
    header = file.header
    drawn = {int(item.ReferencedROINumber): item for item in header.get("ROIContourSequence") or []}
    found = []
    for item in header.get("StructureSetROISequence") or []:
        number = int(item.ROINumber)
        own = drawn.get(number)
        colour = tuple(int(part) / 255 for part in own.ROIDisplayColor) if own and own.get("ROIDisplayColor") else None
        closed: list[Array] = []
        points: list[Array] = []
        for contour in (own.get("ContourSequence") if own else None) or []:
            places = np.array([float(number) for number in contour.get("ContourData") or []]).reshape(-1, 3)
            kind = str(contour.get("ContourGeometricType", "CLOSED_PLANAR"))
            encloses = len(places) >= _AREA and kind in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
            (closed if encloses else points).append(places)
        found.append(Contours(number, str(item.get("ROIName", "")), colour, tuple(closed), tuple(points)))
    return found


def distinct_names(structures: list[Contours]) -> list[str]:
    """A name for each structure; where several have one name, from the second on with a number."""
    taken = {one.name for one in structures}
    names: list[str] = []
    for one in structures:
        name, number = one.name, 1
        while name in names:
            number += 1
            name = f"{one.name}_{number}"
            if name in taken:
                name = one.name
        names.append(name)
    return names


def rules(file: File, contents: Contents) -> Iterator[Finding]:
    """All rules for one structure set."""
    structures = structures_of(file)
    yield from _same_names(file, structures)
    yield from _too_few_points(file, structures)
    yield from _not_axial(file, structures)
    yield from _with_holes(file, structures)
    yield from _other_frame(file, contents)


def _same_names(file: File, structures: list[Contours]) -> Iterator[Finding]:
    double = [name for name, number in Counter(one.name for one in structures).items() if number > 1]
    if double:
        yield Finding(
            "structures-of-one-name",
            f"several structures have the name {', '.join(double)}.",
            "one takes the place of the others: asked for by name, only one is found.",
            "load() numbers them (GTV, GTV_2). Or rename them where they were drawn.",
            (file.name,),
        )


def _too_few_points(file: File, structures: list[Contours]) -> Iterator[Finding]:
    named = [f"{one.name} ({len(one.points)})" for one in structures if one.points]
    if named:
        yield Finding(
            "contours-of-few-points",
            f"contours with no area, of one or two points, or open: {', '.join(named)}.",
            "a structure with one of them ends in an error, or in a slice with nothing in it.",
            "load() leaves these contours out.",
            (file.name,),
        )


def _not_axial(file: File, structures: list[Contours]) -> Iterator[Finding]:
    named = [one.name for one in structures if not one.is_axial]
    if named:
        yield Finding(
            "contours-not-axial",
            f"contours that are not in axial planes: {', '.join(named)}.",
            "all points of a contour are put into the plane of its first point.",
            "Draw or export them in axial planes; load() refuses these structures.",
            (file.name,),
            mended=False,
        )


def _with_holes(file: File, structures: list[Contours]) -> Iterator[Finding]:
    named = [one.name for one in structures if one.is_axial and any(map(has_holes, one.planes.values()))]
    if named:
        yield Finding(
            "contours-with-holes",
            f"contours within contours, or that run into a hole and back: {', '.join(named)}.",
            "holes are added to the volume, or filled.",
            "load() cuts them out.",
            (file.name,),
        )


def _other_frame(file: File, contents: Contents) -> Iterator[Finding]:
    """Structures for an image that is not there."""
    images = contents.images()
    named = {uid for uid in frames_named(file.header) if uid}
    present = {str(series.first.get("FrameOfReferenceUID", "")) for series in images}
    if images and named and not named & present:
        yield Finding(
            "other-frame-of-reference",
            "the structures belong to another frame of reference than every image here.",
            "they are drawn on the image all the same, at places that mean nothing there.",
            "Get the image that they were drawn on; load() gives them without an image.",
            (file.name,),
        )


def frames_named(header: Any) -> list[str]:
    """The frames of reference that a structure set names."""
    own = [str(header.get("FrameOfReferenceUID", ""))]
    return own + [
        str(item.get("FrameOfReferenceUID", "")) for item in header.get("ReferencedFrameOfReferenceSequence") or []
    ]
