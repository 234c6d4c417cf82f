"""Three planes as a picture: for where there is no WebGL, and in the notebook's file for where there is no kernel."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from skrt_workspace.viewer.grids import Array, Grid
from skrt_workspace.viewer.layers import Structure

_AXES = ((0, 1, "axial"), (0, 2, "coronal"), (1, 2, "sagittal"))


def draw(
    image: Grid,
    window: tuple[float, float],
    structures: list[Structure],
    dose: Grid | None,
    place: Array,
    *,
    dose_from: float,
) -> bytes:
    """A PNG of the planes through a place: grey values, dose above `dose_from` Gy, and contours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy; no window, no global state
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(11, 4), facecolor="black", layout="constrained")
    FigureCanvasAgg(figure)
    for number, (across, down, name) in enumerate(_AXES, start=1):
        axes = figure.add_subplot(1, 3, number)
        _plane(axes, image, window, place, (across, down))
        if dose is not None:
            _wash(axes, dose, place, (across, down), dose_from)
        _contours(axes, image, structures, place, (across, down))
        axes.set_title(name, color="white", fontsize=9)
        axes.set_axis_off()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=70)
    return stream.getvalue()


def html(png: bytes) -> str:
    """The picture in a fold, which a reader of the file opens."""
    text = base64.b64encode(png).decode("ascii")
    return f'<details><summary>As a picture</summary><img src="data:image/png;base64,{text}"/></details>'


def _slice(grid: Grid, values: Array, place: Array, axes: tuple[int, int]) -> Array:
    through = ({0, 1, 2} - set(axes)).pop()
    number = int(np.clip(np.rint(grid.index(place)[through]), 0, grid.shape[through] - 1))
    return np.take(values, number, through).T


def _extent(grid: Grid, axes: tuple[int, int]) -> tuple[float, float, float, float]:
    half = grid.spacing / 2
    (left, right), (low, high) = ((grid.origin[a] - half[a], grid.end[a] + half[a]) for a in axes)
    return (left, right, low, high)


def _plane(axes: Any, image: Grid, window: tuple[float, float], place: Array, over: tuple[int, int]) -> None:
    shown = _slice(image, image.values, place, over)
    limits = {"vmin": window[0], "vmax": window[1]}
    axes.imshow(shown, cmap="gray", origin="lower", extent=_extent(image, over), interpolation="nearest", **limits)
    if over[1] == 1:
        axes.invert_yaxis()  # an axial slice is seen from the feet, with the front up


def _wash(axes: Any, dose: Grid, place: Array, over: tuple[int, int], least: float) -> None:
    shown = np.ma.masked_less(_slice(dose, dose.values, place, over), least)
    limits = {"vmin": least, "vmax": dose.limits[1]}
    axes.imshow(shown, cmap="jet", alpha=0.4, origin="lower", extent=_extent(dose, over), **limits)


def _contours(axes: Any, image: Grid, structures: list[Structure], place: Array, over: tuple[int, int]) -> None:
    for structure in structures:
        mask = _slice(image, structure.mask, place, over)
        if mask.any() and not mask.all():
            colour = [part / 255 for part in structure.colour]
            axes.contour(mask, [0.5], colors=[colour], linewidths=1, origin="lower", extent=_extent(image, over))
