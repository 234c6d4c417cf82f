"""The widget: NiiVue's canvas with controls for window, structures, dose and a second image, and a read-out in mm."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets
import numpy as np
from IPython.display import HTML, display

from skrt_workspace.viewer import picture
from skrt_workspace.viewer.grids import Array, Grid, grid_of
from skrt_workspace.viewer.layers import layers_of, structures_on

WINDOWS = {"soft tissue": (-160.0, 240.0), "lung": (-1350.0, 150.0), "bone": (-500.0, 1300.0), "brain": (0.0, 80.0)}
PLANES = {"planes and 3D": 3, "axial": 0, "coronal": 1, "sagittal": 2, "3D": 4}
_MIRROR = np.array([-1.0, -1.0, 1.0])  # NiiVue counts in RAS, DICOM in LPS
_LEAST_DOSE = 0.1


def view(
    image: Any,
    structures: Any = None,
    dose: Any = None,
    other: Any = None,
    *,
    window: str | tuple[float, float] | None = None,
    height: int = 480,
) -> Viewer:
    """Look at a skrt.Image in three linked planes and 3D, with what belongs to it.

    :param structures: a skrt.StructureSet, ROIs, or a list of them.
    :param dose: a skrt.Dose, or an image in Gy; shown in colour from a tenth of its maximum.
    :param other: a second image, such as a registered one, to blend in.
    :param window: "soft tissue", "lung", "bone", "brain", or the least and greatest value shown.
    """
    return Viewer(image, structures, dose, other, window=window, height=height)


class Viewer:
    """What `view` gives: shown as the last line of a cell, and asked for values.

    :ivar place: where the cursor is: x, y, z in mm, in DICOM's directions (to the patient's left, back, head).
    """

    def __init__(
        self,
        image: Any,
        structures: Any = None,
        dose: Any = None,
        other: Any = None,
        *,
        window: str | tuple[float, float] | None = None,
        height: int = 480,
    ) -> None:
        self._image = grid_of(image)
        self._dose = grid_of(dose) if dose is not None else None
        self._other = grid_of(other) if other is not None else None
        self._structures = structures_on(image, structures)
        self._layers = layers_of(self._structures)
        self._shown = frozenset(one.name for one in self._structures)
        self._window = _window(window, self._image)
        self._height = height
        self.place = self._middle()
        self._canvas: Any = None
        self._readout = ipywidgets.HTML()
        self._say_place()

    def _middle(self) -> Array:
        """The middle of the last structure that is small, else of the image."""
        if self._structures:
            smallest = min(self._structures, key=lambda one: int(one.mask.sum()) or 1 << 60)
            if smallest.mask.any():
                middle = np.argwhere(smallest.mask).mean(axis=0)
                return self._image.origin + self._image.spacing * middle
        return (self._image.origin + self._image.end) / 2

    # What is at a place

    def at(self, place: Array) -> dict[str, Any]:
        """What is at a place (x, y, z in mm): the image's value, the other one's, the dose in Gy, and structures."""
        inside = np.rint(self._image.index(place)).astype(int)
        is_in = not (np.any(inside < 0) or np.any(inside >= self._image.shape))
        return {
            "value": self._image.at(place),
            "other": self._other.at(place) if self._other else None,
            "dose": self._dose.at(place) if self._dose else None,
            "structures": [one.name for one in self._structures if is_in and one.mask[tuple(inside)]],
        }

    def _say_place(self) -> None:
        found = self.at(self.place)
        words = ["x {:.1f}, y {:.1f}, z {:.1f} mm (LPS)".format(*self.place)]
        for key, unit in (("value", ""), ("other", " in the other"), ("dose", " Gy")):
            if found[key] is not None:
                words.append(f"{found[key]:.2f} Gy" if key == "dose" else f"{found[key]:.0f}{unit}")
        words.append(", ".join(html.escape(name) for name in found["structures"]) or "in no structure")
        self._readout.value = f"<code>{' &nbsp;|&nbsp; '.join(words)}</code>"

    def move_to(self, place: Array) -> None:
        """Put the cursor at a place (x, y, z in mm, LPS)."""
        self.place = np.asarray(place, dtype=float)
        self._say_place()
        if self._canvas is not None:
            sent = self._sent
            shares = (sent.index(self.place) + 0.5) / sent.shape
            # NiiVue counts shares of the volume in RAS, from its right, its back and its feet.
            self._canvas.scene.crosshair_pos = [1 - shares[0], 1 - shares[1], shares[2]]

    def _on_location(self, location: dict[str, Any]) -> None:
        self.place = np.array(location["mm"][:3], dtype=float) * _MIRROR
        self._say_place()

    # What is shown

    def widget(self) -> Any:
        """The widget with its controls; it is made at the first call."""
        if self._canvas is None:
            self._canvas = self._make_canvas()
            self._canvas.on_location_change(self._on_location)
        return ipywidgets.VBox([self._controls(), self._canvas, self._readout])

    def _make_canvas(self) -> Any:
        import ipyniivue  # noqa: PLC0415 - heavy

        self._sent = self._image.within_budget()
        canvas = ipyniivue.NiiVue(
            height=self._height,
            back_color=(0, 0, 0, 1),
            show_3d_crosshair=True,
            is_colorbar=False,
            is_radiological_convention=True,
            multiplanar_force_render=True,
            crosshair_width=1,
        )
        volumes = [
            ipyniivue.Volume(
                name="image.nii.gz",
                data=self._sent.nifti(),
                colormap="gray",
                cal_min=self._window[0],
                cal_max=self._window[1],
            )
        ]
        if self._other is not None:
            low, high = self._window
            data = self._other.within_budget().nifti()
            volumes.append(
                ipyniivue.Volume(
                    name="other.nii.gz", data=data, colormap="warm", cal_min=low, cal_max=high, opacity=0.0
                )
            )
        if self._dose is not None:
            volumes.append(self._dose_volume(ipyniivue))
        for number, layer in enumerate(self._layers):
            data = layer.labels(self._image).within_budget().nifti()
            volume = ipyniivue.Volume(name=f"structures{number}.nii.gz", data=data, opacity=1.0)
            volume.set_colormap_label(layer.colours(self._shown))
            volumes.append(volume)
        canvas.load_volumes(volumes)
        canvas.set_slice_type(_slice_type("planes and 3D"))
        return canvas

    def _dose_volume(self, ipyniivue: Any) -> Any:
        assert self._dose is not None
        most = self._dose.limits[1]
        return ipyniivue.Volume(
            name="dose.nii.gz",
            data=self._dose.within_budget().nifti(),
            colormap="jet",
            cal_min=_LEAST_DOSE * most,
            cal_max=most,
            opacity=0.4,
        )

    def _controls(self) -> Any:
        rows = [self._window_control(), self._plane_control()]
        names = [volume.name for volume in self._canvas.volumes]
        if self._dose is not None:
            rows.append(self._opacity_control("dose", names.index("dose.nii.gz"), 0.4))
        if self._other is not None:
            rows.append(self._opacity_control("other", names.index("other.nii.gz"), 0.0))
        parts = [ipywidgets.HBox(rows, layout=ipywidgets.Layout(flex_flow="row wrap"))]
        if self._structures:
            parts.append(self._structure_controls(names.index("structures0.nii.gz")))
        return ipywidgets.VBox(parts)

    def _window_control(self) -> Any:
        options = [*WINDOWS, "own"]
        now = next((name for name, limits in WINDOWS.items() if limits == self._window), "own")
        control = ipywidgets.Dropdown(options=options, value=now, description="window")

        def changed(change: dict[str, Any]) -> None:
            self._window = WINDOWS.get(change["new"], self._window)
            for volume in self._canvas.volumes:
                if volume.name in ("image.nii.gz", "other.nii.gz"):
                    volume.cal_min, volume.cal_max = self._window

        control.observe(changed, "value")
        return control

    def _plane_control(self) -> Any:
        control = ipywidgets.Dropdown(options=list(PLANES), value="planes and 3D", description="show")
        control.observe(lambda change: self._canvas.set_slice_type(_slice_type(change["new"])), "value")
        return control

    def _opacity_control(self, name: str, volume: int, value: float) -> Any:
        control = ipywidgets.FloatSlider(value=value, min=0, max=1, step=0.05, description=name, readout=False)
        control.observe(lambda change: self._canvas.set_opacity(volume, change["new"]), "value")
        return control

    def _structure_controls(self, first: int) -> Any:
        def changed(_: Any) -> None:
            self._shown = frozenset(box.description for box in boxes if box.value)
            for number, layer in enumerate(self._layers):
                self._canvas.volumes[first + number].set_colormap_label(layer.colours(self._shown))

        boxes, parts = [], []
        for one in self._structures:
            box = ipywidgets.Checkbox(value=True, description=one.name, indent=False)
            box.layout = ipywidgets.Layout(width="auto")
            box.observe(changed, "value")
            boxes.append(box)
            colour = ipywidgets.HTML(f'<span style="color:rgb{one.colour}">&#9632;</span>')
            parts += [colour, box]
        return ipywidgets.HBox(parts, layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="0 0.4em"))

    def picture(self) -> bytes:
        """The three planes through the cursor, as a PNG."""
        least = _LEAST_DOSE * self._dose.limits[1] if self._dose is not None else 0.0
        shown = [one for one in self._structures if one.name in self._shown]
        return picture.draw(self._image, self._window, shown, self._dose, self.place, dose_from=least)

    def _ipython_display_(self) -> None:
        """The widget, and the picture in a fold: a notebook's file shows it where no kernel is."""
        display(self.widget())
        display(HTML(picture.html(self.picture())))


def _window(given: str | tuple[float, float] | None, image: Grid) -> tuple[float, float]:
    if isinstance(given, str):
        if given not in WINDOWS:
            raise ValueError(f"There is no window {given!r}. There are: {', '.join(WINDOWS)}; or give two numbers.")
        return WINDOWS[given]
    if given is not None:
        return float(given[0]), float(given[1])
    low, high = image.limits
    if low < -500:
        return WINDOWS["soft tissue"]
    return low, high


def _slice_type(name: str) -> Any:
    from ipyniivue import SliceType  # noqa: PLC0415 - heavy

    return SliceType(PLANES[name])
