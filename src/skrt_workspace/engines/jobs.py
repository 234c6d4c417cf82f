"""What the elastix library is asked to do: one registration, or the use of one transform, and how its engines are told.

The engines of both packages have these methods under the same names; parameters and images they take in their own ways.

Images are SimpleITK's, of 2 to 4 dimensions, in the patient's frame of their files (mm): `float` ones, and masks of
8 bits on the grids of their images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def tell(self, engine: Any, hand: Callable[[Any], Any]) -> None:
        """Tell the engine all but the parameters. `hand` makes one of the engine's images of one of SimpleITK's."""
        engine.SetFixedImage(hand(self.fixed[0]))
        engine.SetMovingImage(hand(self.moving[0]))
        for images, add in (
            (self.fixed[1:], engine.AddFixedImage),
            (self.moving[1:], engine.AddMovingImage),
            (self.fixed_masks, engine.AddFixedMask),
            (self.moving_masks, engine.AddMovingMask),
        ):
            for image in images:
                add(hand(image))
        for name, use in (
            (self.initial_transform, engine.SetInitialTransformParameterFileName),
            (self.fixed_points, engine.SetFixedPointSetFileName),
            (self.moving_points, engine.SetMovingPointSetFileName),
        ):
            if name is not None:
                use(name)
        if self.threads is not None:
            engine.SetNumberOfThreads(self.threads)
        _tell_where(engine, self.folder, log=self.log)


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

    def tell(self, engine: Any, hand: Callable[[Any], Any]) -> None:
        """Tell the engine all but the parameters and threads. `hand` makes one of its images of one of SimpleITK's."""
        engine.SetMovingImage(hand(self.image))
        if self.points is not None:
            engine.SetFixedPointSetFileName(self.points)
        engine.SetComputeDeformationField(self.deformation)
        engine.SetComputeDeterminantOfSpatialJacobian(self.jacobian)
        engine.SetComputeSpatialJacobian(self.jacobian_matrix)
        _tell_where(engine, self.folder, log=self.log)


def _tell_where(engine: Any, folder: Path, *, log: bool) -> None:
    engine.SetOutputDirectory(str(folder))
    engine.SetLogToFile(log)
    engine.SetLogToConsole(log)
