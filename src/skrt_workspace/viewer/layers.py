"""Structures as label images: several of them, so that in none a structure covers another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrt_workspace.viewer.grids import Array, Grid

_COLOURS = (
    (230, 60, 60), (60, 160, 255), (255, 200, 40), (90, 220, 120), (220, 110, 255), (255, 140, 60), (80, 220, 220),
    (255, 130, 190),
)  # fmt: skip
INSIDE = 31
"""Added to a structure's number for the voxels that are not at its surface; no layer has more structures.

NiiVue's shader shows nothing before the share 2/256 of a table of colours: one of more than 64 would tint the ground.
"""


@dataclass(frozen=True)
class Structure:
    """One structure on the image's grid."""

    name: str
    colour: tuple[int, int, int]
    mask: Array


@dataclass(frozen=True)
class Layer:
    """Structures that do not touch each other, as one label image: the first has 1, the second 2, and so on."""

    structures: tuple[Structure, ...]

    def labels(self, grid: Grid) -> Grid:
        """The label image: of each structure the voxels at its surface, which are its contour in every plane.

        Voxels further inside have a number of their own, `INSIDE` higher, which has no colour: it tells what is there.
        """
        values = np.zeros(grid.shape, np.uint8)
        for number, structure in enumerate(self.structures, start=1):
            values[structure.mask] = number + INSIDE
            values[structure.mask & ~_within(structure.mask)] = number
        return Grid(values, grid.spacing, grid.origin)

    def colours(self, shown: frozenset[str]) -> dict[str, Any]:
        """NiiVue's table of colours, in which what is not shown is transparent."""
        table: dict[str, Any] = {"R": [0], "G": [0], "B": [0], "A": [0], "I": [0], "labels": [""]}
        for number, structure in enumerate(self.structures, start=1):
            for key, value in zip("RGB", structure.colour, strict=True):
                table[key].append(value)
            table["A"].append(255 if structure.name in shown else 0)
            table["I"].append(number)
            table["labels"].append(structure.name)
        # NiiVue gives every number up to the last a colour.
        for key, filling in {"R": 0, "G": 0, "B": 0, "A": 0, "labels": ""}.items():
            table[key] += [filling] * INSIDE
        table["I"] += list(range(len(self.structures) + 1, len(self.structures) + INSIDE + 1))
        return table


def _has_room(layer: list[Structure], used: Array, structure: Structure) -> bool:
    return len(layer) < INSIDE and not np.any(used & structure.mask)


def _within(mask: Array) -> Array:
    """Voxels whose six neighbours are inside too."""
    inner = mask.copy()
    for axis in range(3):
        for step in (1, -1):
            inner &= np.roll(mask, step, axis)
    return inner


def structures_on(image: Any, structures: Any) -> list[Structure]:
    """The structures of a skrt.StructureSet (or of several, or ROIs), as masks on the grid of a skrt.Image."""
    found: list[Structure] = []
    for roi in rois_of(structures):
        mask = np.asarray(_mask(roi, image)).astype(bool).transpose(1, 0, 2)
        found.append(Structure(_new_name(roi.name, found), _colour(roi, len(found)), mask))
    return found


def rois_of(structures: Any) -> list[Any]:
    """The ROIs of a skrt.StructureSet, of several, or of a list of ROIs; in the order of `structures_on`."""
    if structures is None:
        return []
    if hasattr(structures, "get_rois"):
        return list(structures.get_rois())
    if isinstance(structures, list | tuple):
        return [roi for part in structures for roi in rois_of(part)]
    return [structures]


def _mask(roi: Any, image: Any) -> Array:
    """The mask on the image's grid. scikit-rt keeps the first image that a ROI was given: ask a copy."""
    copy = roi.clone()
    copy.set_image(image)
    return copy.get_mask(standardise=True)


def _new_name(name: str, taken: list[Structure]) -> str:
    names, number, given = {one.name for one in taken}, 1, name
    while given in names:
        number += 1
        given = f"{name} ({number})"
    return given


def new_colour(number: int) -> tuple[int, int, int]:
    """A colour for a structure that has none."""
    return _COLOURS[number % len(_COLOURS)]


def _colour(roi: Any, number: int) -> tuple[int, int, int]:
    colour = getattr(roi, "color", None)
    if colour is None:
        return new_colour(number)
    red, green, blue = (round(255 * float(part)) for part in tuple(colour)[:3])
    return red, green, blue


def layers_of(structures: list[Structure]) -> list[Layer]:
    """Put each structure into the first layer in which it touches nothing; the large ones come first, below."""
    layers: list[list[Structure]] = []
    taken: list[Array] = []
    for structure in sorted(structures, key=lambda one: -int(one.mask.sum())):
        place = next((n for n, used in enumerate(taken) if _has_room(layers[n], used, structure)), None)
        if place is None:
            layers.append([structure])
            taken.append(structure.mask.copy())
        else:
            layers[place].append(structure)
            taken[place] |= structure.mask
    return [Layer(tuple(layer)) for layer in layers]
