"""What the elastix library is asked to do: one registration, or the use of one transform.

Images are SimpleITK's, of 2 to 4 dimensions, in the patient's frame of their files (mm): `float` ones, and masks of
8 bits on the grids of their images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skrt_workspace.engines.parameters import Parameters


@dataclass(frozen=True)
class Registration:
    """Find the transform from the fixed to the moving images, as the parameter maps say, one after the other."""

    fixed: Sequence[Any]
    moving: Sequence[Any]
    fixed_masks: Sequence[Any]
    moving_masks: Sequence[Any]
    maps: Sequence[Parameters]
    initial_transform: str | None
    fixed_points: str | None
    moving_points: str | None
    folder: Path
    threads: int | None
    log: bool


@dataclass(frozen=True)
class Transformation:
    """Apply a chain of transforms, the first one first, to an image, or to points, or write what it does to space."""

    image: Any
    maps: Sequence[Parameters]
    points: str | None
    deformation: bool
    jacobian: bool
    jacobian_matrix: bool
    folder: Path
    threads: int | None
    log: bool
