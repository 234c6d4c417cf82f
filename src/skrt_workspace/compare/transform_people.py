"""A whole class's transforms against landmarks or one reference: a table, and a page with where each errs most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from skrt_workspace.compare import plots
from skrt_workspace.compare.masks import Array
from skrt_workspace.compare.pages import Written, row, why_not, write
from skrt_workspace.compare.transforms import (
    TransformMeasures,
    is_landmarks,
    landmarks_of,
    lattice,
    measure_transform,
    places_of,
    transform_at,
)
from skrt_workspace.data.headers import read

_COLUMNS = (
    "participant", "points", "mean_error_mm", "error_95_mm", "largest_error_mm", "jacobian_least", "jacobian_greatest",
    "folded_percent", "worst_x_mm", "worst_y_mm", "worst_z_mm", "problem",
)  # fmt: skip


@dataclass(frozen=True)
class TransformPerson:
    """What somebody handed in, compared; or why it could not be."""

    name: str
    measures: TransformMeasures | None = None
    problem: str = ""


@dataclass(frozen=True)
class _Asked:
    """The points whose errors are told, where they belong, and where the Jacobian is taken."""

    points: Array
    belong: Array
    over: Array


def compare_transforms(
    reference: str | PathLike[str], people: Mapping[str, str | PathLike[str]], to: str | PathLike[str]
) -> Written:
    """Compare everybody's transform. One who handed in something unusable is told and does not stop the rest.

    :param reference: landmarks (.json, .csv), or a transform: then the points lie all over what it was made for.
    """
    asked, folder = _asked(Path(reference)), Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    errors: dict[str, Array] = {}
    rows = [_person(name, place, asked, errors) for name, place in people.items()]
    return write(folder, rows, _COLUMNS, _lines(rows), page=_page(rows, asked, errors), told=_told(rows))


def _asked(reference: Path) -> _Asked:
    if is_landmarks(reference):
        marks = landmarks_of(reference)
        return _Asked(marks.fixed, marks.moved, lattice(marks.fixed.min(axis=0), marks.fixed.max(axis=0)))
    own = transform_at(reference)
    points = places_of(own, read(reference))
    return _Asked(points, points + own.moves(points), points)


def _person(name: str, place: str | PathLike[str], asked: _Asked, errors: dict[str, Array]) -> TransformPerson:
    try:
        measures, errors[name] = measure_transform(transform_at(place), asked.points, asked.belong, asked.over)
    except Exception as error:
        return TransformPerson(name, problem=why_not(error, "transform"))
    return TransformPerson(name, measures)


def _told(people: list[TransformPerson]) -> Iterator[str]:
    for one in people:
        if one.measures:
            folds = f"; folded in {one.measures.folded_percent:.2g} %" if one.measures.folded_percent else ""
            yield f"{one.name}: error {one.measures.mean_mm:.2f} mm, largest {one.measures.largest_mm:.2f} mm{folds}"


def _lines(people: list[TransformPerson]) -> Iterator[dict[str, Any]]:
    for one in people:
        if one.measures is None:
            yield {"participant": one.name, "problem": one.problem}
            continue
        found = one.measures
        yield {
            "participant": one.name,
            "points": f"{found.points}",
            "mean_error_mm": f"{found.mean_mm:.3f}",
            "error_95_mm": f"{found.most_mm:.3f}",
            "largest_error_mm": f"{found.largest_mm:.3f}",
            "jacobian_least": f"{found.jacobian[0]:.4f}",
            "jacobian_greatest": f"{found.jacobian[1]:.4f}",
            "folded_percent": f"{found.folded_percent:.3f}",
            **{f"worst_{axis}_mm": f"{place:.1f}" for axis, place in zip("xyz", found.worst, strict=True)},
        }


def _page(people: list[TransformPerson], asked: _Asked, errors: Mapping[str, Array]) -> Iterator[str]:
    measured = {one.name: one.measures for one in people if one.measures}
    if not measured:
        return
    yield "<h1>The class as a whole</h1>"
    yield plots.tag(plots.spread({"error (mm)": errors}))
    yield "<h1>Compared</h1><table><tr><th>participant<th>mean error (mm)<th>95 % (mm)<th>largest (mm)"
    yield "<th>Jacobian<th>folded (%)<th>worst slice</tr>"
    for name, found in measured.items():
        least, most = found.jacobian
        numbers = [f"{found.mean_mm:.2f}", f"{found.most_mm:.2f}", f"{found.largest_mm:.2f}"]
        numbers += [f"{least:.2f} to {most:.2f}", f"{found.folded_percent:.2g}"]
        yield row(name, [*numbers, plots.tag(plots.errors_near(asked.points, errors[name], found.worst[2]))])
    yield "</table><ul><li>Worst slice: the points nearest to the plane of the largest error, seen from the feet.</ul>"
