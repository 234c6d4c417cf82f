"""Pictures of a comparison, as PNG: a slice of one person, the class's numbers, and a slice that everybody drew."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skrt_workspace.compare.masks import Array, frame_of, mask_of
from skrt_workspace.compare.together import Votes
from skrt_workspace.data.structure_rules import Contours
from skrt_workspace.viewer.grids import Grid, onto

_MANY = 24
_SLAB_MM = 2.5
"""How far from a plane a point may lie that is shown in it."""
_LEAST_GY, _LEAST_MM = 0.1, 0.1
"""Below this, a difference has hardly any colour."""


def tag(png: bytes) -> str:
    """A picture for the page."""
    return f"<img src='data:image/png;base64,{base64.b64encode(png).decode('ascii')}'>"


def worst_slice(wanted: Contours, other: Contours, height: float) -> bytes:
    """The slice in which two structures differ most: the reference grey, the other as a line."""
    frame = frame_of(wanted, other)
    plane = int(abs(frame.heights - height).argmin())
    figure = _figure(2, 2)
    axes = figure.add_subplot()
    axes.imshow(mask_of(wanted, frame)[plane], cmap="gray_r", vmin=0, vmax=3)
    mask = mask_of(other, frame)[plane]
    if mask.any():
        axes.contour(mask, [0.5], colors="red", linewidths=1)
    axes.set_axis_off()
    axes.set_title(f"z = {height:.0f} mm", fontsize=7)
    return _png(figure, 60)


def spread(measures: Mapping[str, Mapping[str, Sequence[float]]]) -> bytes:
    """For each measure a row of dots for each structure, with a line at the middle one.

    :param measures: by name of the measure, then of the structure.
    """
    structures = list(next(iter(measures.values())))
    figure = _figure(3.2 * len(measures), 1.0 + 0.32 * len(structures))
    for number, (measure, values) in enumerate(measures.items(), start=1):
        axes = figure.add_subplot(1, len(measures), number)
        for row, name in enumerate(structures):
            found = [value for value in values[name] if np.isfinite(value)]
            # Dots of equal values lie above each other.
            shifts = np.linspace(-0.22, 0.22, len(found)) if len(found) > 1 else [0.0] * len(found)
            axes.plot(found, [row + shift for shift in shifts], "o", markersize=4, alpha=0.6)
            if found:
                axes.vlines(float(np.median(found)), row - 0.35, row + 0.35, color="black")
        axes.set_yticks(range(len(structures)), structures if number == 1 else [""] * len(structures), fontsize=8)
        axes.set_ylim(len(structures) - 0.5, -0.5)
        axes.set_title(measure, fontsize=9)
        axes.tick_params(axis="x", labelsize=7)
        axes.grid(axis="x", alpha=0.4)
    return _png(figure, 80)


def everybody(wanted: Contours, votes: Votes, plane: int) -> bytes:
    """One slice: how many people have each pixel, everybody's line, and the reference's in black."""
    figure = _figure(5.4, 4)
    axes = figure.add_subplot()
    shares = votes.shares(plane)
    shown = axes.imshow(np.ma.masked_equal(shares, 0), cmap="Greys", vmin=0, vmax=1, alpha=0.6)
    colours = _colours(len(votes.names))
    for number, name in enumerate(votes.names):
        mask = (votes.bits[plane] >> np.uint64(number)) & np.uint64(1)
        if mask.any():
            axes.contour(mask, [0.5], colors=[colours[number]], linewidths=0.9)
            axes.plot([], [], color=colours[number], label=name)
    reference = mask_of(wanted, votes.frame)[plane]
    if reference.any():
        axes.contour(reference, [0.5], colors="black", linewidths=1.6)
        axes.plot([], [], color="black", label="reference")
    _zoom(axes, (shares > 0) | reference)
    axes.set_axis_off()
    axes.set_title(f"{wanted.name}, z = {votes.frame.heights[plane]:.0f} mm", fontsize=9)
    figure.colorbar(shown, shrink=0.7, label="share of people")
    if len(votes.names) <= _MANY:
        axes.legend(fontsize=6, loc="center left", bbox_to_anchor=(-0.42, 0.5), frameon=False)
    return _png(figure, 80)


def dose_difference(own: Grid, other: Grid, height: float) -> bytes:
    """One slice: the other dose less the reference, with lines where the reference has a half and 95 % of its most."""
    plane = int(np.clip(round((height - own.origin[2]) / own.spacing[2]), 0, own.shape[2] - 1))
    one = Grid(own.values[:, :, plane : plane + 1], own.spacing, own.origin + np.array([0, 0, plane * own.spacing[2]]))
    reference = one.values[:, :, 0].T
    difference = onto(other, one, 0.0).values[:, :, 0].T - reference
    figure = _figure(3, 2.4)
    axes = figure.add_subplot()
    most = max(float(np.abs(difference).max()), _LEAST_GY)
    shown = axes.imshow(difference, cmap="coolwarm", vmin=-most, vmax=most, aspect=own.spacing[1] / own.spacing[0])
    lines = [share * own.limits[1] for share in (0.5, 0.95)]
    if reference.max() > lines[0]:
        axes.contour(reference, lines, colors="black", linewidths=0.8)
    axes.set_axis_off()
    axes.set_title(f"z = {height:.0f} mm", fontsize=7)
    _scale(figure, shown, "Gy")
    return _png(figure, 90)


def errors_near(points: Array, errors: Array, height: float) -> bytes:
    """Points of the plane nearest to a height from above, each as a dot with its error's colour."""
    planes = np.abs(points[:, 2] - height)
    shown = planes <= max(float(planes.min()) + 1e-6, _SLAB_MM)
    figure = _figure(3, 2.4)
    axes = figure.add_subplot()
    found = errors[shown]
    most = max(float(found.max()), _LEAST_MM)
    dots = axes.scatter(points[shown, 0], points[shown, 1], c=found, s=14, cmap="viridis", vmin=0, vmax=most)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.tick_params(labelsize=6)
    axes.set_title(f"z = {height:.0f} mm", fontsize=7)
    _scale(figure, dots, "mm")
    return _png(figure, 90)


def _scale(figure: Any, shown: Any, unit: str) -> None:
    bar = figure.colorbar(shown, shrink=0.8)
    bar.set_label(unit, fontsize=7)
    bar.ax.tick_params(labelsize=6)


def _zoom(axes: Any, mask: Array) -> None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows):
        axes.set_xlim(columns[0] - 4, columns[-1] + 4)
        axes.set_ylim(rows[-1] + 4, rows[0] - 4)


def _colours(number: int) -> list[Any]:
    from matplotlib import colormaps  # noqa: PLC0415 - heavy

    return [colormaps["tab10"](one % 10) for one in range(number)]


def _figure(wide: float, high: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy; no global state
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(wide, high), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Any, dots: int) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dots)
    return stream.getvalue()
