"""The viewer's widget: sends the page its images when the page asks, and hears what is done there.

Images travel as messages and never become the widget's state, so nothing of them is kept in a notebook's file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from skrt_workspace.viewer.grids import Grid

# The script itself is JupyterLab's extension, which the class shares and a browser keeps.
_LOADER = """
async function load(script) {
  if (window.skrtNotebook) {
    return import(window.skrtNotebook);
  }
  const config = document.getElementById('jupyter-config-data');
  const base = config ? JSON.parse(config.textContent).baseUrl : document.body.dataset.baseUrl || '/';
  return import(new URL(base + 'lab/extensions/skrt-workspace/static/' + script, location.origin).href);
}
export default {
  async render({ model, el }) {
    try {
      return (await load(model.get('script'))).render({ model, el });
    } catch (error) {
      el.textContent = 'The viewer could not be loaded here (' + error.message + '). Below is a picture.';
    }
  }
};
"""


def script_name() -> str:
    """The file in JupyterLab's extension; its name changes with its content."""
    from jupyter_core.paths import jupyter_path  # noqa: PLC0415 - heavy

    for folder in jupyter_path("labextensions", "skrt-workspace", "static"):
        found = sorted(Path(folder).glob("notebook.*.js"))
        if found:
            return found[0].name
    return "notebook.js"


class Widget(anywidget.AnyWidget):  # type: ignore[misc] # has no types
    """The page's side of a `viewer.Viewer`."""

    _esm = _LOADER
    script = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int(560).tag(sync=True)

    def __init__(self, viewer: Any) -> None:
        super().__init__(script=script_name(), height=viewer.height)
        self._viewer = viewer
        self.on_msg(self._heard)

    def _heard(self, _: Any, message: dict[str, Any], buffers: Any = None) -> None:
        viewer, what = self._viewer, message.get("do")
        if what == "begin":
            self.send(*self.scene())
        elif what == "picture":
            viewer.place = np.array(message.get("place", viewer.place), dtype=float)
            self._send_picture()
        elif what == "place":
            viewer.moved(message["place"])
        elif what == "shown":
            viewer.shown = frozenset(message["names"])
        elif what == "measured":
            one, other = (np.array(point, dtype=float) for point in message["points"])
            viewer.measured.append((one, other, float(message["mm"])))
        elif what == "undo":
            if not viewer.undo():
                self.send({"is": "told", "text": "Nothing was drawn that could be taken back."})
        elif what == "stroke":
            try:
                viewer.draw(message["name"], message["points"], message["way"])
            except ValueError as error:
                self.send({"is": "told", "text": str(error)})

    def move(self) -> None:
        """Show the viewer's place."""
        self.send({"is": "place", "place": [float(number) for number in self._viewer.place]})

    def redraw(self, numbers: list[int]) -> None:
        """Some layers changed."""
        image = self._viewer.image
        buffers = [self._viewer.layers[number].labels(image).within_budget().nifti() for number in numbers]
        layers = [[number, self._layer(number, place)] for place, number in enumerate(numbers)]
        self.send({"is": "layers", "layers": layers, **self._structures()}, buffers)

    def scene(self) -> tuple[dict[str, Any], list[bytes]]:
        """The whole scene, and its images."""
        viewer, buffers = self._viewer, list[bytes]()

        def sent(grid: Grid, name: str, low: float, high: float) -> dict[str, Any]:
            buffers.append(grid.within_budget().nifti())
            return {"buffer": len(buffers) - 1, "name": f"{name}.nii.gz", "low": float(low), "high": float(high)}

        scene: dict[str, Any] = {"unit": viewer.image.unit, "levels": [], "layers": []}
        scene["image"] = sent(viewer.image, "image", *viewer.window)
        other = viewer.other_here()
        if other is not None:
            scene["other"] = sent(other, "other", *viewer.window)
        if viewer.doses is not None:
            doses = viewer.doses
            scene |= {"dose": sent(doses.grid, "dose", doses.least, doses.most), "levels": doses.levels}
        for number, layer in enumerate(viewer.layers):
            buffers.append(layer.labels(viewer.image).within_budget().nifti())
            scene["layers"].append(self._layer(number, len(buffers) - 1))
        if viewer.lattice is not None:
            scene["lattice"] = viewer.lattice.as_json()
        scene |= {"place": [float(number) for number in viewer.place], **self._structures()}
        return {"is": "scene", "scene": scene}, buffers

    def _layer(self, number: int, buffer: int) -> dict[str, Any]:
        viewer = self._viewer
        colours = viewer.layers[number].colours(viewer.shown)
        return {"buffer": buffer, "name": f"structures{number}.nii.gz", "colours": colours}

    def _structures(self) -> dict[str, Any]:
        viewer = self._viewer
        curves = viewer.doses.curves(viewer.structures) if viewer.doses else []
        return {
            "structures": [
                {"name": one.name, "colour": one.colour, "shown": one.name in viewer.shown} for one in viewer.structures
            ],
            "curves": [one.as_json() for one in curves],
        }

    def _send_picture(self) -> None:
        viewer = self._viewer
        ends = {"least": viewer.image.origin, "most": viewer.image.end, "place": viewer.place}
        numbers = {name: [float(number) for number in place] for name, place in ends.items()}
        self.send({"is": "picture", "text": viewer.told(viewer.place), **numbers}, [viewer.picture()])
