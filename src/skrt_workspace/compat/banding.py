"""Bands without a lower or an upper limit in images of small integers.

`Image.apply_selective_banding` takes the least value less one, and the greatest plus one, as the limits. Since NumPy
2.0 (NEP 50) these wrap round at the ends of the image's own type, and the band is silently left out.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any


def mend_banding(module: Any) -> None:
    """Give `skrt.image.Image.apply_selective_banding` limits that no value of any type is beyond."""
    module.Image.apply_selective_banding = _with_limits(module.Image.apply_selective_banding)


def _with_limits(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def apply_selective_banding(self: Any, bands: Any = None) -> Any:
        limited = {
            value: (-math.inf if low is None else low, math.inf if high is None else high)
            for value, (low, high) in (bands or {}).items()
        }
        return original(self, limited)

    return apply_selective_banding
