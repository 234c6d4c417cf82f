"""Three planes as a picture: for where there is no WebGL, and in the notebook's file for where there is no kernel."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace.viewer.deformation import Lattice
from skrt_workspace.viewer.doses import Doses
from skrt_workspace.viewer.grids import Array, Grid
from skrt_workspace.viewer.layers import Structure
from skrt_workspace.viewer.mixing import mixed

_FRAME = 120  # milliseconds
_AXES = ((0, 1, "axial"), (0, 2, "coronal"), (1, 2, "sagittal"))


@dataclass(frozen=True)
class Scene:
    """What a picture shows: a dose above `dose_from` Gy, a second image on the first one's grid, a deformation.

    :ivar mix: how the second image is shown, and its share (`mixing.mixed`).
    :ivar bent: "arrows" or "grid".
    """

    image: Grid
    window: tuple[float, float]
    structures: list[Structure]
    doses: Doses | None = None
    dose_from: float = 0.0
    other: Grid | None = None
    mix: tuple[str, float] = ("blend", 0.5)
    lattice: Lattice | None = None
    bent: str = "arrows"


def draw(scene: Scene, place: Array) -> bytes:
    """A PNG of the planes through a place: grey values, dose, isodose lines, and contours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy; no window, no global state
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(11, 4), facecolor="black", layout="constrained")
    FigureCanvasAgg(figure)
    for number, (across, down, name) in enumerate(_AXES, start=1):
        axes = figure.add_subplot(1, 3, number)
        over = (across, down)
        _plane(axes, scene, place, over)
        if scene.doses is not None:
            _dose(axes, scene.doses, place, over, scene.dose_from)
        _contours(axes, scene.image, scene.structures, place, over)
        if scene.lattice is not None:
            _bent(axes, scene.lattice, scene.bent, place, over)
        axes.set_title(name, color="white", fontsize=9)
        axes.set_axis_off()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=70)
    return stream.getvalue()


def write_movie(pictures: list[bytes], path: Path) -> Path:
    """Pictures one after another, as a GIF that begins again."""
    from PIL import Image  # noqa: PLC0415 - heavy

    first, *rest = [Image.open(io.BytesIO(one)).convert("P", palette=Image.Palette.ADAPTIVE) for one in pictures]
    first.save(path, format="GIF", save_all=True, append_images=rest, duration=_FRAME, loop=0)
    return path


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


def _plane(axes: Any, scene: Scene, place: Array, over: tuple[int, int]) -> None:
    image, (low, high) = scene.image, scene.window
    shown = _slice(image, image.values, place, over)
    if scene.other is not None:
        shown = mixed(shown, _slice(image, scene.other.values, place, over), *scene.mix)
        if scene.mix[0] == "difference":
            low, high = -(high - low) / 2, (high - low) / 2
    limits = {"vmin": low, "vmax": high}
    axes.imshow(shown, cmap="gray", origin="lower", extent=_extent(image, over), interpolation="nearest", **limits)
    axes.set(xlim=_extent(image, over)[:2], ylim=_extent(image, over)[2:], autoscale_on=False)
    if over[1] == 1:
        axes.invert_yaxis()  # an axial slice is seen from the feet, with the front up


def _dose(axes: Any, doses: Doses, place: Array, over: tuple[int, int], least: float) -> None:
    dose = doses.grid
    values = _slice(dose, dose.values, place, over)
    limits = {"vmin": least, "vmax": doses.most}
    shown = np.ma.masked_less(values, least)
    axes.imshow(shown, cmap="jet", alpha=0.4, origin="lower", extent=_extent(dose, over), **limits)
    lines = [one for one in doses.levels if values.min() < one < values.max()]
    if lines:
        ways = {"levels": lines, "cmap": "jet", "linewidths": 0.8, "vmin": 0, "vmax": doses.most}
        drawn = axes.contour(values, origin="lower", extent=_extent(dose, over), **ways)
        axes.clabel(drawn, fontsize=5, fmt="%g")


def _bent(axes: Any, lattice: Lattice, kind: str, place: Array, over: tuple[int, int]) -> None:
    through = ({0, 1, 2} - set(over)).pop()
    points, moves = lattice.plane(through, float(place[through]))
    here, there = points[..., list(over)], (points + moves)[..., list(over)]
    if kind == "grid":
        for lines in (there, there.transpose(1, 0, 2)):
            axes.plot(*lines.transpose(2, 1, 0), color="#7fe7ff", linewidth=0.6)
    else:
        away = there - here
        ways = {"angles": "xy", "scale_units": "xy", "scale": 1, "color": "#ffe34d", "width": 0.004}
        axes.quiver(here[..., 0], here[..., 1], away[..., 0], away[..., 1], **ways)


def _contours(axes: Any, image: Grid, structures: list[Structure], place: Array, over: tuple[int, int]) -> None:
    for structure in structures:
        mask = _slice(image, structure.mask, place, over)
        if mask.any() and not mask.all():
            colour = [part / 255 for part in structure.colour]
            axes.contour(mask, [0.5], colors=[colour], linewidths=1, origin="lower", extent=_extent(image, over))
