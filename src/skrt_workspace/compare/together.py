"""A class as a whole: how far people agree with each other about one structure, and what they draw together.

Everything is counted from who has which voxel: every voxel has one bit for each person. STAPLE is Warfield, Zou and
Wells 2004 (https://doi.org/10.1109/TMI.2004.828354), with one prior for all voxels that anybody drew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skrt_workspace.compare.masks import Array, Frame, frame_of, mask_of
from skrt_workspace.data.structure_rules import Contours

MANY = 3
"""People from whom on it means something what they draw together."""
MOST_PEOPLE = 63
_MOST_VOXELS = 120_000_000
_ROUNDS = 200
_SETTLED = 1e-7


@dataclass(frozen=True)
class Observer:
    """One person beside the others: mean Dice with each of them; what STAPLE makes of them."""

    name: str
    dice_with_others: float
    sensitivity: float
    precision: float


@dataclass(frozen=True)
class Together:
    """One structure as the class drew it.

    :ivar pairs_dice: mean, and least, of the Dice of all pairs.
    :ivar conformity: of all pairs together, what both drew as a share of what either drew.
    :ivar volume_ml: mean of the volumes, and their standard deviation.
    :ivar majority_dice, staple_dice: of the reference with what more than half drew, and with STAPLE's estimate.
    :ivar height_mm: of the slice about which people differ most.
    """

    structure: str
    people: tuple[Observer, ...]
    pairs_dice: tuple[float, float]
    conformity: float
    volume_ml: tuple[float, float]
    majority_dice: float
    staple_dice: float
    height_mm: float

    def __str__(self) -> str:
        mean, spread = self.volume_ml
        words = (
            f"{self.structure}: {len(self.people)} people, Dice of pairs {self.pairs_dice[0]:.2f} "
            f"(least {self.pairs_dice[1]:.2f}), volume {mean:.1f} ± {spread:.1f} ml"
        )
        if len(self.people) < MANY:
            return words
        return f"{words}; together they have Dice {self.staple_dice:.2f} with the reference"


@dataclass(frozen=True)
class Votes:
    """Which people have each voxel: as bits, and as the patterns that there are with how often."""

    names: tuple[str, ...]
    frame: Frame
    bits: Array
    patterns: Array
    counts: Array
    codes: Array

    def where(self, chosen: Array) -> Array:
        """The voxels whose pattern is chosen."""
        return np.isin(self.bits, self.codes[chosen])

    def shares(self, plane: int) -> Array:
        """For each pixel of a plane the share of people who have it."""
        shares = self.patterns.mean(axis=1).astype(np.float32)
        return shares[np.searchsorted(self.codes, self.bits[plane])]


def votes_of(wanted: Contours, drawn: Mapping[str, Contours]) -> Votes | None:
    """Everybody's structure on one grid with the reference's planes; None where that would be too much to hold."""
    frame = frame_of(wanted, *drawn.values())
    size = len(frame.heights) * frame.size[0] * frame.size[1]
    if len(drawn) > MOST_PEOPLE or size > _MOST_VOXELS:
        return None
    bits = np.zeros((len(frame.heights), *frame.size), np.uint64)
    for number, contours in enumerate(drawn.values()):
        bits |= mask_of(contours, frame).astype(np.uint64) << np.uint64(number)
    codes, counts = np.unique(bits, return_counts=True)
    patterns = (codes[:, None] >> np.arange(len(drawn), dtype=np.uint64)) & np.uint64(1)
    return Votes(tuple(drawn), frame, bits, patterns.astype(bool), counts, codes)


def together(wanted: Contours, votes: Votes) -> Together:
    """What a class of two or more drew for one structure."""
    both, sizes = pairs(votes)
    voxel = float(np.prod(votes.frame.spacing)) / 1000
    upper = np.triu_indices(len(sizes), 1)
    sums = (sizes[:, None] + sizes)[upper]
    dice = 2 * both[upper] / sums
    square = np.zeros(both.shape)
    square[upper] = dice
    square += square.T
    estimate, sensitivity, precision = staple(votes)
    reference = mask_of(wanted, votes.frame)
    majority = votes.where(votes.patterns.mean(axis=1) > 0.5)
    people = tuple(
        Observer(
            name, float(square[number].sum() / (len(sizes) - 1)), float(sensitivity[number]), float(precision[number])
        )
        for number, name in enumerate(votes.names)
    )
    volumes = sizes * voxel
    return Together(
        structure=wanted.name,
        people=people,
        pairs_dice=(float(dice.mean()), float(dice.min())),
        conformity=float(both[upper].sum() / (sums - both[upper]).sum()),
        volume_ml=(float(volumes.mean()), float(volumes.std(ddof=1))),
        majority_dice=_dice(reference, majority),
        staple_dice=_dice(reference, votes.where(estimate > 0.5)),
        height_mm=float(votes.frame.heights[slice_of_most_doubt(votes)]),
    )


def pairs(votes: Votes) -> tuple[Array, Array]:
    """Voxels that each pair has in common, shape (people, people), and those of each."""
    counted = votes.patterns * votes.counts[:, None]
    both = votes.patterns.T.astype(float) @ counted
    return both, np.diag(both)


def staple(votes: Votes) -> tuple[Array, Array, Array]:
    """For each pattern how likely it is inside; for each person the sensitivity, and how much of theirs is inside."""
    drawn = votes.patterns.any(axis=1)
    said, counts = votes.patterns[drawn], votes.counts[drawn].astype(float)
    prior = float((said.mean(axis=1) * counts).sum() / counts.sum())
    sensitivity = np.full(said.shape[1], 0.99)
    specificity = np.full(said.shape[1], 0.99)
    inside = said.mean(axis=1)
    for _ in range(_ROUNDS):
        yes = np.log(prior) + np.where(said, np.log(sensitivity), np.log1p(-sensitivity)).sum(axis=1)
        no = np.log1p(-prior) + np.where(said, np.log1p(-specificity), np.log(specificity)).sum(axis=1)
        before, inside = inside, 1 / (1 + np.exp(np.clip(no - yes, -700, 700)))
        weight, rest = inside * counts, (1 - inside) * counts
        sensitivity = _within((said * weight[:, None]).sum(axis=0) / max(weight.sum(), 1e-9))
        specificity = _within((~said * rest[:, None]).sum(axis=0) / max(rest.sum(), 1e-9))
        if float(np.abs(inside - before).max()) < _SETTLED:
            break
    estimate = np.zeros(len(drawn))
    estimate[drawn] = inside
    own = (said * counts[:, None]).sum(axis=0)
    precision = (said * (inside * counts)[:, None]).sum(axis=0) / np.maximum(own, 1e-9)
    return estimate, sensitivity, precision


def slice_of_most_doubt(votes: Votes) -> int:
    """The plane in which most voxels belong to some people and not to others."""
    doubtful = votes.patterns.any(axis=1) & ~votes.patterns.all(axis=1)
    return int(votes.where(doubtful).sum(axis=(1, 2)).argmax())


def _within(share: Array) -> Array:
    """Never certain: else one person could not be outvoted."""
    return np.clip(share, 1e-6, 1 - 1e-6)


def _dice(one: Array, other: Array) -> float:
    total = float(one.sum() + other.sum())
    return 2 * float((one & other).sum()) / total if total else 1.0
