"""Synthetic images that keep no copies of what they were.

`SyntheticImage.update` makes an image of itself, and that image takes over all that it has: the image that was made
before too, which has the one before that. A loaded structure asks for the data often, each time updates, and so a head
of 33 MB held gigabytes. Here the image made before is let go first. It and its structure set hold each other, so Python
frees them when it looks for such rings, which it does by their number; here also when there is much in them.

Coordinates are asked for at each shape of each update. They are views of three rows of numbers, not three whole images.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any

import numpy as np

_MADE_BEFORE = ("_image", "_structure_set")
_MOST_WAITING = 100_000_000
"""Bytes that may wait to be freed: a search through all objects takes a tenth of a second."""


def mend_synthetic(module: Any) -> None:
    """Let `skrt.simulation.SyntheticImage` hold one image of itself."""
    synthetic = module.SyntheticImage
    synthetic.update = _letting_go(synthetic.update)
    synthetic.get_coords = _in_views(synthetic.get_coords)


def _letting_go(original: Callable[..., Any]) -> Callable[..., Any]:
    waiting = 0

    @functools.wraps(original)
    def update(self: Any) -> Any:
        nonlocal waiting
        for name in _MADE_BEFORE:
            vars(self).pop(name, None)
        done = original(self)
        waiting += self.data.nbytes + getattr(self.source, "nbytes", 0)
        if waiting > _MOST_WAITING:
            waiting = 0
            gc.collect()
        return done

    return update


def _in_views(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def get_coords(self: Any) -> Any:
        along = (
            np.arange(start, start + (number - 0.5) * size, size)
            for start, number, size in zip(self.origin, self.n_voxels, self.voxel_size, strict=True)
        )
        return list(np.meshgrid(*along, copy=False))

    return get_coords
