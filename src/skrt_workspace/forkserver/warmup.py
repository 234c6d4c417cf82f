"""The slow first uses of libraries, which the zygote makes so that no child has to.

A library builds tables at its first use (matplotlib its parser for formulas, pydicom its decoders), which children find
made. Nothing here may leave a thread, an open file or a setting behind; `preload.assert_clean` looks.
"""

from __future__ import annotations

import importlib
import io
import sys
from pathlib import Path
from typing import Any

from skrt_workspace.forkserver import deferred


def use_libraries() -> None:
    """Draw a figure as a first lesson does, and read an image, into memory that is thrown away."""
    for use in (draw, draw_as_scikit_rt, read_dicom, read_notebook):
        try:
            use()
        except Exception as error:  # a library of another version: then each child is a little slower
            print(f"fork server: {use.__name__} was not warmed up: {error}", file=sys.stderr)


def draw() -> None:
    """A grey picture with axes, a colour bar, a legend and a formula. Not by pyplot, which would choose a backend."""
    figures: Any = importlib.import_module("matplotlib.figure")
    agg: Any = importlib.import_module("matplotlib.backends.backend_agg")
    figure = figures.Figure(figsize=(2, 2))
    agg.FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow([[0.0, 1.0], [2.0, 3.0]], cmap="gray", extent=(-10, 10, -10, 10))
    axes.plot([0, 1], [0, 1], label="line")
    axes.set(xlabel="x (mm)", ylabel="$y^2$", title="$z$ = -1.5 mm")
    axes.legend()
    figure.colorbar(image, ax=axes, label="HU")
    figure.tight_layout()
    figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
    _close_fonts()


def draw_as_scikit_rt() -> None:
    """The same with the sizes and fonts that scikit-rt sets: finding a font is a search through all that there are."""
    with deferred.as_imported():
        draw()


def _close_fonts() -> None:
    """A font that is in use is an open file, which a child must open itself."""
    fonts: Any = importlib.import_module("matplotlib.font_manager")
    formulas: Any = importlib.import_module("matplotlib.mathtext")
    fonts._get_font.cache_clear()
    formulas.MathTextParser._parse_cached.cache_clear()


def read_dicom() -> None:
    """One slice of the phantom, where the environment has it."""
    pydicom: Any = importlib.import_module("pydicom")
    for file in Path(sys.prefix).glob("share/skrt-workspace/phantom/patients/Phantom-1/*/CT/*/*"):
        _ = pydicom.dcmread(file).pixel_array
        return


def read_notebook() -> None:
    """A notebook read and checked, as the server does when one is opened."""
    nbformat: Any = importlib.import_module("nbformat")
    cells = [nbformat.v4.new_markdown_cell("# A heading"), nbformat.v4.new_code_cell("1 + 1")]
    nbformat.validate(nbformat.reads(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), as_version=4))
