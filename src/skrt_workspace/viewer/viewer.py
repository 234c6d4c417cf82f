"""What `from skrt_workspace import view` gives: an image with what belongs to it, to look at and to ask for values.

The drawing is the page's (`widget`); here is what a program sees of it: places, structures, contours that were drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace.viewer import picture
from skrt_workspace.viewer.deformation import lattice_of
from skrt_workspace.viewer.doses import Doses
from skrt_workspace.viewer.drawing import Drawing
from skrt_workspace.viewer.grids import Array, Grid, grid_of, onto
from skrt_workspace.viewer.layers import Layer, Structure, layers_of, new_colour, rois_of, structures_on

WINDOWS = {"soft tissue": (-160.0, 240.0), "lung": (-1350.0, 150.0), "bone": (-500.0, 1300.0), "brain": (0.0, 80.0)}


def view(
    image: Any,
    structures: Any = None,
    dose: Any = None,
    other: Any = None,
    *,
    deformation: Any = None,
    window: str | tuple[float, float] | None = None,
    height: int = 560,
) -> Viewer:
    """Look at a skrt.Image in three linked planes and 3D, with what belongs to it.

    :param structures: a skrt.StructureSet, ROIs, or a list of them.
    :param dose: a skrt.Dose, or an image in Gy; shown in colour from a tenth of its maximum, with isodose lines.
    :param other: a second image, such as a registered one: blended in, as a difference, a checkerboard, or by a slider.
    :param deformation: a skrt.registration.Registration, a file of displacements, or a function of points (n, 3) in mm
        that gives displacements: shown as arrows or as a bent grid.
    :param window: "soft tissue", "lung", "bone", "brain", or the least and greatest value shown.
    """
    return Viewer(image, structures, dose, other, deformation=deformation, window=window, height=height)


class Viewer:
    """What `view` gives: shown as the last line of a cell, and asked for values.

    :ivar place: where the cursor is: x, y, z in mm, in DICOM's directions (to the patient's left, back, head).
    :ivar measured: the distances that were measured in the page: both ends, and mm.
    """

    def __init__(
        self,
        image: Any,
        structures: Any = None,
        dose: Any = None,
        other: Any = None,
        *,
        deformation: Any = None,
        window: str | tuple[float, float] | None = None,
        height: int = 560,
    ) -> None:
        self._skrt_image = image
        self.image = grid_of(image)
        self.doses = Doses(grid_of(dose), self.image) if dose is not None else None
        self._other = grid_of(other) if other is not None else None
        self.lattice = lattice_of(deformation, self.image) if deformation is not None else None
        self.structures = structures_on(image, structures)
        self.layers = layers_of(self.structures)
        self.shown = frozenset(one.name for one in self.structures)
        self.window = _window(window, self.image)
        self.height = height
        self.measured: list[tuple[Array, Array, float]] = []
        self._drawing = Drawing(self.image)
        for one, roi in zip(self.structures, rois_of(structures), strict=True):
            self._drawing.contours[one.name] = {float(z): list(plane) for z, plane in roi.get_contours("x-y").items()}
        self.place = self._middle()
        self.linked: list[Viewer] = []
        self._widget: Any = None

    def _middle(self) -> Array:
        """The middle of the smallest structure, else of the image."""
        drawn = [one for one in self.structures if one.mask.any()]
        if drawn:
            smallest = min(drawn, key=lambda one: int(one.mask.sum()))
            return self.image.origin + self.image.spacing * np.argwhere(smallest.mask).mean(axis=0)
        return (self.image.origin + self.image.end) / 2

    # What is at a place

    def at(self, place: Array) -> dict[str, Any]:
        """What is at a place (x, y, z in mm): the image's value, the other one's, the dose in Gy, and structures."""
        inside = np.rint(self.image.index(place)).astype(int)
        is_in = not (np.any(inside < 0) or np.any(inside >= self.image.shape))
        return {
            "value": self.image.at(place),
            "other": self._other.at(place) if self._other else None,
            "dose": self.doses.grid.at(place) if self.doses else None,
            "structures": [one.name for one in self.structures if is_in and one.mask[tuple(inside)]],
        }

    def told(self, place: Array) -> str:
        """The same in words."""
        found = self.at(place)
        words = ["x, y, z: {:.1f}, {:.1f}, {:.1f} mm (LPS)".format(*place)]
        for key in ("value", "other"):
            if found[key] is not None:
                words.append(f"{'image' if key == 'value' else key} {found[key]:g} {self.image.unit}".strip())
        if found["dose"] is not None:
            words.append(f"dose {found['dose']:.2f} Gy")
        if self.structures:
            words.append(", ".join(found["structures"]) or "in no structure")
        return "   ".join(words)

    def move_to(self, place: Array) -> None:
        """Put the cursor at a place (x, y, z in mm, LPS), here and in the viewers beside this one."""
        self.place = np.asarray(place, dtype=float)
        for one in (self, *self.linked):
            one.place = self.place
            if one._widget is not None:
                one._widget.move()

    def moved(self, place: Array) -> None:
        """The cursor was moved in the page."""
        self.place = np.asarray(place, dtype=float)
        for one in self.linked:
            one.place = self.place
            if one._widget is not None:
                one._widget.move()

    @staticmethod
    def distance(one: Array, other: Array) -> float:
        """From one place to another, mm."""
        return float(np.linalg.norm(np.asarray(other, dtype=float) - np.asarray(one, dtype=float)))

    # Contours

    def draw(self, name: str, points: Any, way: str = "replace") -> None:
        """Draw a closed line in an axial plane: points (x, y, z) in mm, as the page does.

        :param name: of a structure, which may be new.
        :param way: "replace" the structure's contours in this plane, "add" to them, or "take away".
        :raises ValueError: for points that enclose nothing, or are not in one axial plane of the image.
        """
        height = self._drawing.stroke(name, points, way)
        if name not in {one.name for one in self.structures}:
            empty = np.zeros(self.image.shape, bool)
            self.structures.append(Structure(name, new_colour(len(self.structures)), empty))
            self.shown |= {name}
        self._redrawn(name, height)

    def undo(self) -> bool:
        """Take the last line back; whether there was one."""
        undone = self._drawing.undo()
        if undone is not None:
            self._redrawn(*undone)
        return undone is not None

    def _redrawn(self, name: str, height: float) -> None:
        """One plane of one structure changed: its layer is its own from now on, so that it may cover others."""
        number, inside = self._drawing.mask(name, height)
        where = next(index for index, one in enumerate(self.structures) if one.name == name)
        mask = self.structures[where].mask.copy()
        if 0 <= number < mask.shape[2]:
            mask[:, :, number] = inside
        one = Structure(name, self.structures[where].colour, mask)
        self.structures[where] = one
        self._renew_layers(one)

    def _renew_layers(self, one: Structure) -> None:
        names = [[other.name for other in layer.structures] for layer in self.layers]
        at = next((index for index, inside in enumerate(names) if one.name in inside), None)
        changed = [] if at is None else [at]
        if at is not None and len(names[at]) == 1:
            self.layers[at] = Layer((one,))
        else:
            if at is not None:
                self.layers[at] = Layer(tuple(other for other in self.layers[at].structures if other.name != one.name))
            self.layers.append(Layer((one,)))
            changed.append(len(self.layers) - 1)
        if self._widget is not None:
            self._widget.redraw(changed)

    def roi(self, name: str) -> Any:
        """A structure as a skrt.structures.ROI, as it is drawn now; planes that nobody touched are as they were."""
        import skrt  # noqa: PLC0415 - heavy

        if name not in self._drawing.contours:
            known = ", ".join(self._drawing.contours) or "none"
            raise ValueError(f"There is no structure {name!r}. There are: {known}.")
        colour = next(one.colour for one in self.structures if one.name == name)
        contours = {z: [points.copy() for points in plane] for z, plane in self._drawing.contours[name].items()}
        part = [number / 255 for number in colour]
        return skrt.structures.ROI(contours, name=name, color=part, image=self._skrt_image)

    def structure_set(self, name: str = "drawn") -> Any:
        """All structures that have contours, as a skrt.StructureSet."""
        import skrt  # noqa: PLC0415 - heavy

        rois = [self.roi(one) for one, planes in self._drawing.contours.items() if planes]
        return skrt.StructureSet(rois, name=name, image=self._skrt_image)

    # What is shown

    def other_here(self) -> Grid | None:
        """The second image on the first one's grid."""
        return onto(self._other, self.image, self._other.limits[0]) if self._other is not None else None

    def widget(self) -> Any:
        """The widget for the page; it is made at the first call."""
        if self._widget is None:
            from skrt_workspace.viewer.widget import Widget  # noqa: PLC0415 - heavy

            self._widget = Widget(self)
        return self._widget

    def picture(self, *, mix: str | None = None, share: float = 0.5, deformation: str | None = None) -> bytes:
        """The three planes through the cursor, as a PNG.

        :param mix: how the second image is shown: "blend", "difference", "checkerboard" or "slider".
        :param share: of the second image in a blend; where the slider stands.
        :param deformation: "arrows" or "grid".
        """
        scene = picture.Scene(
            self.image,
            self.window,
            [one for one in self.structures if one.name in self.shown],
            self.doses,
            dose_from=self.doses.least if self.doses else 0.0,
            other=self.other_here() if mix else None,
            mix=(mix or "blend", share),
            lattice=self.lattice if deformation else None,
            bent=deformation or "",
        )
        return picture.draw(scene, self.place)

    def save(self, path: str | Path, **how: Any) -> Path:
        """Write the picture (as for `picture`) to a PNG file."""
        target = Path(path)
        target.write_bytes(self.picture(**how))
        return target

    def movie(self, path: str | Path, along: str = "z", frames: int = 40, **how: Any) -> Path:
        """Write a GIF of the picture (as for `picture`) while the cursor goes through the image along x, y or z."""
        axis, here = "xyz".index(along), self.place
        shown = []
        for number in np.linspace(self.image.origin[axis], self.image.end[axis], frames):
            self.place = here.copy()
            self.place[axis] = number
            shown.append(self.picture(**how))
        self.place = here
        return picture.write_movie(shown, Path(path))

    def _ipython_display_(self) -> None:
        """The widget, and the picture in a fold: a notebook's file shows it where no kernel is."""
        from IPython.display import HTML, display  # noqa: PLC0415 - heavy

        display(self.widget())
        display(HTML(picture.html(self.picture())))


class Beside:
    """Viewers beside each other, whose cursors go together."""

    def __init__(self, *viewers: Viewer) -> None:
        self.viewers = viewers
        for one in viewers:
            one.linked = [other for other in viewers if other is not one]

    def _ipython_display_(self) -> None:
        import ipywidgets  # noqa: PLC0415 - heavy
        from IPython.display import HTML, display  # noqa: PLC0415

        share = ipywidgets.Layout(width=f"{100 / len(self.viewers):.0f}%")
        for one in self.viewers:
            one.widget().layout = share
        display(ipywidgets.HBox([one.widget() for one in self.viewers]))
        display(HTML("".join(picture.html(one.picture()) for one in self.viewers)))


def beside(*viewers: Viewer) -> Beside:
    """Show viewers beside each other with one cursor, such as before and after a registration."""
    return Beside(*viewers)


def _window(given: str | tuple[float, float] | None, image: Grid) -> tuple[float, float]:
    if isinstance(given, str):
        if given not in WINDOWS:
            raise ValueError(f"There is no window {given!r}. There are: {', '.join(WINDOWS)}; or give two numbers.")
        return WINDOWS[given]
    if given is not None:
        return float(given[0]), float(given[1])
    low, high = image.limits
    return WINDOWS["soft tissue"] if image.unit else (low, high)
