"""Whether a registration can be trusted: folded, diverged, not overlapping; inverse consistency; Dice, landmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skrt_workspace.registration.points import displacements, landmark_errors

_GRID = 9
_LEAST_OVERLAP = 0.5


@dataclass(frozen=True)
class Quality:
    """What was measured of a registration's step, and what is wrong with it.

    :ivar folded_percent: of the voxels, where the Jacobian determinant is zero or less.
    :ivar jacobian: its smallest and largest value.
    :ivar largest_mm: the largest displacement at points all over the fixed image.
    :ivar overlap: the share of those points that end up inside the moving image.
    :ivar dice: for each structure, where structures were given.
    :ivar landmark_errors_mm: the target registration errors, where landmarks were given.
    """

    folded_percent: float
    jacobian: tuple[float, float]
    largest_mm: float
    overlap: float
    dice: Mapping[str, float] = field(default_factory=dict)
    landmark_errors_mm: tuple[float, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, in words; nothing where the result may be used."""
        import numpy as np  # noqa: PLC0415 - heavy

        found = []
        if not np.isfinite(self.largest_mm):
            found.append("It diverged: displacements are not numbers.")
        if self.folded_percent > 0:
            found.append(f"It is folded in {self.folded_percent:.2g} % of the voxels (Jacobian zero or less).")
        if self.overlap < _LEAST_OVERLAP:
            found.append(f"Only {100 * self.overlap:.0f} % of the fixed image end up inside the moving one.")
        return tuple(found)

    def __str__(self) -> str:
        lines = [
            f"Jacobian {self.jacobian[0]:.2f} to {self.jacobian[1]:.2f}, folded in {self.folded_percent:.2g} %",
            f"largest displacement {self.largest_mm:.1f} mm, overlap {100 * self.overlap:.0f} %",
            *(f"Dice of {name}: {value:.3f}" for name, value in self.dice.items()),
        ]
        if self.landmark_errors_mm:
            errors = self.landmark_errors_mm
            lines.append(f"landmarks: mean error {sum(errors) / len(errors):.2f} mm, largest {max(errors):.2f} mm")
        return "\n".join([*lines, *self.problems])


def quality(
    registration: Any,
    step: int | str = -1,
    *,
    structures: Sequence[tuple[Any, Any]] = (),
    landmarks: list[dict[str, list[float]]] | None = None,
) -> Quality:
    """Measure one step of a skrt.registration.Registration.

    :param structures: pairs of ROIs: of the fixed image, and the transformed one of the moving image.
    :param landmarks: as in the phantom's truth, with `planning_mm` in the fixed and `moved_mm` in the moving image.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    name = registration.get_step_name(step)
    jacobian = np.asarray(registration.get_jacobian(name).get_data())
    points = _points_of(registration.fixed_image)
    moves = displacements(registration, points, name)
    inside = _inside(registration.moving_image, points + moves)
    errors = landmark_errors(registration, landmarks, name) if landmarks else ()
    return Quality(
        folded_percent=float(100 * (jacobian <= 0).mean()),
        jacobian=(float(jacobian.min()), float(jacobian.max())),
        largest_mm=float(np.linalg.norm(moves, axis=1).max()),
        overlap=float(inside.mean()),
        dice={fixed.name: float(fixed.get_dice(moved)) for fixed, moved in structures},
        landmark_errors_mm=tuple(float(error) for error in errors),
    )


def inverse_consistency(forward: Any, backward: Any, points: Any = None, step: int | str = -1) -> Any:
    """How far, in mm, a point ends up from where it began when it goes forward and then backward, shape (n,).

    :param backward: the registration with fixed and moving image changed over.
    :param points: shape (n, 3), mm; without them, points all over the forward registration's fixed image.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    begun = _points_of(forward.fixed_image) if points is None else np.asarray(points, dtype=float)
    there = begun + displacements(forward, begun, step)
    inside = _inside(backward.fixed_image, there)
    back = there + displacements(backward, there, step)
    return np.linalg.norm(back - begun, axis=1)[inside]


def _points_of(image: Any) -> Any:
    """A grid of points inside an image, mm, away from its border."""
    import numpy as np  # noqa: PLC0415 - heavy

    ranges = [np.linspace(low + 0.1 * (high - low), high - 0.1 * (high - low), _GRID) for low, high in _extents(image)]
    return np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)


def _inside(image: Any, points: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - heavy

    limits = np.array(_extents(image))
    return np.all((points >= limits[:, 0]) & (points <= limits[:, 1]), axis=1)


def _extents(image: Any) -> list[tuple[float, float]]:
    return [tuple(sorted(map(float, pair))) for pair in image.get_extents()]  # type: ignore[misc]
