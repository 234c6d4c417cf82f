"""What scikit-rt 0.8.2 makes of image series without a word: one function for each rule, each found by trial.

docs/how-to/check-data.md has a heading for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from skrt_workspace.data.findings import Finding
from skrt_workspace.data.frames import Frame, Stack
from skrt_workspace.data.headers import Series

LOAD = "skrt_workspace.data.load(folder) gives the image with the right geometry."
Rule = Callable[[Series, Stack], Iterator[Finding]]


def missing_slices(series: Series, stack: Stack) -> Iterator[Finding]:
    """Gaps: scikit-rt spreads the slices evenly from the first to the last."""
    if len(stack.frames) < 3 or stack.is_even:
        return
    distances = np.diff(stack.heights)
    gaps = [place for place, distance in enumerate(distances) if abs(distance - stack.step) > stack.tolerance]
    even = np.linspace(stack.heights[0], stack.heights[-1], len(stack.heights))
    worst = float(np.abs(even - stack.heights).max())
    yield Finding(
        "missing-slices",
        f"{series.modality}: slices are {stack.step:g} mm apart, but after {stack.frames[gaps[0]].file.name} the "
        f"distance is {distances[gaps[0]]:g} mm ({len(gaps)} such places).",
        f"it takes {float(distances.mean()):.3f} mm for all, so slices lie up to {worst:.1f} mm from their places.",
        "Get the missing files. Else load() puts each slice in its place and interpolates between them.",
        tuple(stack.frames[place].file.name for place in gaps),
    )


def gantry_tilt(series: Series, stack: Stack) -> Iterator[Finding]:
    """Each slice is shifted against the one before: scikit-rt stacks them straight."""
    if not stack.tilt_degrees:
        return
    shift = float(np.linalg.norm(stack.shear)) * float(stack.heights[-1] - stack.heights[0])
    yield Finding(
        "gantry-tilt",
        f"{series.modality}: the way from slice to slice is {stack.tilt_degrees:.1f} degrees off their normal.",
        f"the stack is taken as straight: structures at one end are {shift:.0f} mm from their places.",
        f"{LOAD} It is resampled to upright slices.",
        (stack.frames[0].file.name,),
    )


def strays(series: Series, stack: Stack) -> Iterator[Finding]:
    """Slices of another direction or size among the axial ones."""
    if not stack.strays:
        return
    yield Finding(
        "localizer",
        f"{series.modality}: {len(stack.strays)} of its slices have another direction or size, as a localizer has.",
        "where one of them comes first, it is taken for the image, and the voxel size is 0 in one direction.",
        "load() leaves them out. Or move them into a folder of their own.",
        _names(stack.strays),
    )


def doubled_slices(series: Series, stack: Stack) -> Iterator[Finding]:
    """Several slices at one place: phases of breathing, or a series copied twice."""
    if not stack.doubled:
        return
    identical = len({frame.file.header.get("SOPInstanceUID") for frame in stack.doubled}) < len(stack.doubled)
    yield Finding(
        "doubled-slices",
        f"{series.modality}: {len(stack.doubled)} slices are at the place of another one"
        + (" (copies)." if identical else ", as in a scan of several phases."),
        "of those at one place, the one read last is taken: an image may be a mixture of phases.",
        "Put each phase into a folder of its own, or remove the copies; load() refuses this.",
        _names(stack.doubled),
        mended=False,
    )


def oblique(series: Series, stack: Stack) -> Iterator[Finding]:
    """Rows and columns that run between the patient's axes."""
    if stack.is_along_axes:
        return
    directions = ", ".join(f"{value:.3f}" for value in (*stack.frames[0].across, *stack.frames[0].down))
    yield Finding(
        "oblique",
        f"{series.modality}: rows and columns do not run along the patient's axes ({directions}).",
        "the turn is left out: voxel sizes are wrong, or 0, and no point is in its place.",
        f"{LOAD} It is resampled along the axes.",
        (stack.frames[0].file.name,),
    )


def unequal_pixels(series: Series, stack: Stack) -> Iterator[Finding]:
    """Pixels that are not square: scikit-rt takes the distance of rows for that of columns."""
    columns, rows = stack.frames[0].spacing
    if abs(columns - rows) < 1e-4 * rows:
        return
    length = abs(columns - rows) * max(int(stack.frames[0].file.header.get(name, 0)) for name in ("Rows", "Columns"))
    yield Finding(
        "pixels-not-square",
        f"{series.modality}: pixels are {columns:g} mm wide and {rows:g} mm high.",
        f"width and height are taken for each other: the far edge is {length:.0f} mm from its place.",
        LOAD,
        (stack.frames[0].file.name,),
    )


def unequal_scaling(series: Series, stack: Stack) -> Iterator[Finding]:
    """Slices with rescale values of their own, as most PET has."""
    scales = {(frame.slope, frame.intercept) for frame in stack.frames}
    if len(scales) == 1 or series.modality == "RTDOSE":
        return
    slopes = sorted(slope for slope, _ in scales)
    yield Finding(
        "scaling-of-slices",
        f"{series.modality}: the slices have {len(scales)} different rescale slopes or intercepts "
        f"({slopes[0]:g} to {slopes[-1]:g}).",
        "those of the file read last are used for all slices: values are wrong in all others.",
        LOAD,
    )


def multi_frame(series: Series, stack: Stack) -> Iterator[Finding]:
    """Enhanced files, which hold a whole series each."""
    if "PerFrameFunctionalGroupsSequence" not in stack.frames[0].file.header:
        return
    spacing = (*stack.frames[0].spacing, stack.step)
    yield Finding(
        "enhanced-multi-frame",
        f"{series.modality}: an enhanced multi-frame file of {len(stack.frames)} slices.",
        f"voxels are 1 x 1 x 1 mm (they are {' x '.join(f'{number:g}' for number in spacing)}), the place is lost, and "
        "values are stored numbers, not rescaled.",
        LOAD,
        series.names,
    )


def colours(series: Series, stack: Stack) -> Iterator[Finding]:
    """Pictures in colours, which have no values."""
    if int(series.first.get("SamplesPerPixel") or 1) == 1:
        return
    yield Finding(
        "in-colours",
        f"{series.modality}: its pictures are in colours.",
        "it ends in an error.",
        "Such pictures cannot be measured; load() leaves them out. Look at them with a double click.",
        series.names,
        mended=False,
    )


def lookup_table(series: Series, stack: Stack) -> Iterator[Finding]:
    """Values by a table in place of slope and intercept (PS3.3 C.11.1)."""
    if "ModalityLUTSequence" not in series.first:
        return
    yield Finding(
        "values-by-a-table",
        f"{series.modality}: the files have a table that makes values of stored numbers.",
        "the table is left out: the numbers are shown as they are stored.",
        LOAD,
        series.names,
    )


def dose_units(series: Series, stack: Stack) -> Iterator[Finding]:
    """Doses that are not in Gy."""
    units = str(series.first.get("DoseUnits", ""))
    if series.modality != "RTDOSE" or units == "GY":
        return
    yield Finding(
        "dose-not-in-gray",
        f"RTDOSE: its units are {units or 'not told'}, not GY.",
        "the numbers are shown as Gy.",
        "Export the dose again as absolute dose; load() refuses this.",
        series.names,
        mended=False,
    )


def _names(frames: tuple[Frame, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(frame.file.name for frame in frames))


RULES: tuple[Rule, ...] = (
    missing_slices,
    gantry_tilt,
    strays,
    doubled_slices,
    oblique,
    unequal_pixels,
    unequal_scaling,
    multi_frame,
    colours,
    lookup_table,
    dose_units,
)
