"""NIfTI images whose values are kept twice, not three times.

`Image.standardise_data` turns the values of a NIfTI image to the nearest directions of the axes, keeps them, and then
keeps a copy that is turned once more. The second turn needs no copy. Nobody reads the first ones again: each call that
asks for standard values makes them anew.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np


def mend_standardising(module: Any) -> None:
    """Let `skrt.image.Image.standardise_data` keep one array where it kept an array and its copy."""
    module.Image.standardise_data = _with_a_view(module.Image.standardise_data)


def _with_a_view(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def standardise_data(self: Any) -> Any:
        done = original(self)
        canonical = self._data_canonical
        if "nifti" in self.source_type and canonical is not None:
            self._sdata = np.flip(canonical.swapaxes(0, 1), axis=(0, 1))
        return done

    return standardise_data
