"""BetterViewer in figures drawn by ipympl (`%matplotlib widget`).

In a notebook the viewer makes a new figure for every move of a slider. With `%matplotlib inline` that is shown at once;
ipympl shows a new figure only after the next cell that runs, so the picture would stand still.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def mend_viewer(module: Any) -> None:
    """Let `skrt.better_viewer.BetterViewer.plot` show the figure that it made, in place of the one before."""
    module.BetterViewer.plot = _showing(module.BetterViewer.plot)


def _showing(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def plot(self: Any, *arguments: Any, **named: Any) -> Any:
        result = original(self, *arguments, **named)
        figure = getattr(self, "fig", None)
        if self.in_notebook and figure is not None and _is_drawn_by_ipympl(figure):
            _show(self, figure)
        return result

    return plot


def _is_drawn_by_ipympl(figure: Any) -> bool:
    return type(figure.canvas).__module__.startswith("ipympl.")


def _show(viewer: Any, figure: Any) -> None:
    """Show `figure` where the viewer's output goes, once, and let go of the one that was shown there before."""
    before = getattr(viewer, "_figure_shown", None)
    if figure is before:
        return
    import matplotlib.pyplot as plt  # noqa: PLC0415
    from ipympl.backend_nbagg import _Backend_ipympl  # noqa: PLC0415
    from IPython.display import display  # noqa: PLC0415

    waiting = getattr(_Backend_ipympl, "_to_show", [])
    if figure in waiting:  # it would be shown a second time after the cell
        waiting.remove(figure)
    display(figure.canvas)
    viewer._figure_shown = figure
    if before is not None:
        plt.close(before)
