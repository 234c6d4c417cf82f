"""What belongs to a file that somebody opens: the series it is part of, the image that it was drawn or planned on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.headers import Contents, Series, read
from skrt_workspace.data.structure_rules import frames_named
from skrt_workspace.home.by_path import below

_UP = 5
"""How many folders up an image is looked for: image and structures of a study often have folders of their own."""
_MOST = 5000
"""Files in a folder above which none further up is looked through."""


@dataclass(frozen=True)
class Found:
    """The series that was asked for, and the contents of the folder in which what it names was found."""

    series: Series
    contents: Contents

    def alone(self, *kept: Series) -> Contents:
        """A folder's contents with nothing but some series."""
        return replace(self.contents, series=list(kept), nifti=[], nameless=[], broken=[])


def of_file(path: Path, top: Path) -> Found:
    """The series of a DICOM file, with what belongs to it."""
    own = read(path)
    (series,) = own.series
    found = read(path.parent)
    whole = next((one for one in found.series if one.uid == series.uid), series)
    if _names_another(whole):
        for folder in _upwards(path.parent, top):
            found = read(folder)
            if image_of(whole, found) is not None:
                break
    return Found(whole, found)


def of_series(folder: Path, uid: str) -> Found:
    """A series of a folder. Raises UnusableDataError where it has none of that identifier."""
    contents = read(folder)
    series = next((one for one in contents.series if one.uid == uid), None)
    if series is None:
        raise UnusableDataError(f"{folder.name} has no such series any more. Open the study again.")
    return Found(series, contents)


def image_of(series: Series, contents: Contents) -> Series | None:
    """The image series in whose frame of reference structures or a dose are; the one they name, where it is there."""
    frames = {uid for uid in frames_named(series.first) if uid}
    images = [one for one in contents.images() if str(one.first.get("FrameOfReferenceUID", "")) in frames]
    named = set(_series_named(series.first))
    return next((one for one in images if one.uid in named), images[0] if images else None)


def structures_of_frame(image: Series, contents: Contents) -> list[Series]:
    """The structure sets that were drawn on an image."""
    frame = str(image.first.get("FrameOfReferenceUID", ""))
    return [one for one in contents.of("RTSTRUCT") if frame and frame in frames_named(one.first)]


def of_frame(frame: str, contents: Contents) -> Series | None:
    """The first image series in a frame of reference."""
    return next((one for one in contents.images() if str(one.first.get("FrameOfReferenceUID", "")) == frame), None)


def _names_another(series: Series) -> bool:
    return series.modality in ("RTSTRUCT", "RTDOSE", "RTPLAN", "REG")


def _series_named(header: Any) -> Iterator[str]:
    for frame in header.get("ReferencedFrameOfReferenceSequence") or []:
        for study in frame.get("RTReferencedStudySequence") or []:
            for series in study.get("RTReferencedSeriesSequence") or []:
                yield str(series.get("SeriesInstanceUID", ""))


def _upwards(folder: Path, top: Path) -> Iterator[Path]:
    """The folder and those above it, up to `top` and no further, while they do not hold very much."""
    for one in (folder, *folder.parents)[: _UP + 1]:
        if not one.is_relative_to(top) or _is_large(one):
            return
        yield one


def _is_large(folder: Path) -> bool:
    count = 0
    for _, _, names in below(folder):
        count += len(names)
        if count > _MOST:
            return True
    return False
