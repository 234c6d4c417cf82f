"""A whole class's doses against one reference: a table, and a page with the slice in which each differs most."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from skrt_workspace.compare import plots
from skrt_workspace.compare.doses import (
    CRITERIA,
    DoseMeasures,
    DosePoints,
    dose_at,
    dose_in,
    dose_points,
    measure_doses,
)
from skrt_workspace.compare.pages import Written, row, why_not, write
from skrt_workspace.data.headers import read
from skrt_workspace.data.structure_rules import Contours, structures_of
from skrt_workspace.viewer.grids import Grid

_PASSING = tuple(f"gamma_{percent:g}pc_{distance:g}mm_percent" for percent, distance in CRITERIA)
_POINTS = ("mean", "d98", "d95", "d50", "d2")
_COLUMNS = (
    "participant", "structure", *_PASSING, "mean_difference_gy", "mean_size_gy", "largest_size_gy", "worst_slice_z_mm",
    *(f"{point}_gy" for point in _POINTS), *(f"reference_{point}_gy" for point in _POINTS), "problem",
)  # fmt: skip
_WHOLE = "whole dose"


@dataclass(frozen=True)
class DosePerson:
    """What somebody handed in, compared; or why it could not be.

    :ivar structures: what each of the reference's structures gets of theirs, and of the reference's dose.
    """

    name: str
    measures: DoseMeasures | None = None
    structures: Mapping[str, tuple[DosePoints, DosePoints]] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class _Reference:
    """The organiser's dose, and what its structures get of it."""

    dose: Grid
    structures: tuple[Contours, ...]
    known: Mapping[str, DosePoints]


def compare_doses(
    reference: str | PathLike[str], people: Mapping[str, str | PathLike[str]], to: str | PathLike[str]
) -> Written:
    """Compare everybody's dose. One who handed in something unusable is told and does not stop the rest."""
    own, folder = _reference(Path(reference)), Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    shown: dict[str, str] = {}
    rows = [_person(name, place, own, shown) for name, place in people.items()]
    return write(folder, rows, _COLUMNS, _lines(rows), page=_page(rows, own.known, shown), told=_told(rows))


def _reference(place: Path) -> _Reference:
    contents = read(place)
    dose = dose_in(contents)
    files = [file for series in contents.of("RTSTRUCT") for file in series.files]
    structures = [one for file in files[:1] for one in structures_of(file)]
    known = {one.name: points for one in structures if (points := dose_points(one, dose)) is not None}
    return _Reference(dose, tuple(structures), known)


def _person(name: str, place: str | PathLike[str], own: _Reference, shown: dict[str, str]) -> DosePerson:
    try:
        dose = dose_at(place)
        measures = measure_doses(own.dose, dose)
        found = {one.name: dose_points(one, dose) for one in own.structures if one.name in own.known}
        shown[name] = plots.tag(plots.dose_difference(own.dose, dose, measures.worst_height_mm))
    except Exception as error:
        return DosePerson(name, problem=why_not(error, "dose"))
    return DosePerson(name, measures, {one: (points, own.known[one]) for one, points in found.items() if points})


def _told(people: list[DosePerson]) -> Iterator[str]:
    for one in people:
        if one.measures:
            passed = ", ".join(
                f"{value:.1f} % within {percent:g} % and {distance:g} mm"
                for value, (percent, distance) in zip(one.measures.passing_percent, CRITERIA, strict=True)
            )
            yield f"{one.name}: {passed}; mean difference {one.measures.mean_gy:+.2f} Gy"


def _lines(people: list[DosePerson]) -> Iterator[dict[str, Any]]:
    for one in people:
        if one.measures is None:
            yield {"participant": one.name, "problem": one.problem}
            continue
        found = one.measures
        yield {
            "participant": one.name,
            "structure": _WHOLE,
            **{name: f"{value:.2f}" for name, value in zip(_PASSING, found.passing_percent, strict=True)},
            "mean_difference_gy": f"{found.mean_gy:.3f}",
            "mean_size_gy": f"{found.spread_gy:.3f}",
            "largest_size_gy": f"{found.largest_gy:.2f}",
            "worst_slice_z_mm": f"{found.worst_height_mm:.1f}",
        }
        for structure, (theirs, yours) in one.structures.items():
            points = {f"{name}_gy": f"{value:.2f}" for name, value in asdict(theirs).items()}
            beside = {f"reference_{name}_gy": f"{value:.2f}" for name, value in asdict(yours).items()}
            yield {"participant": one.name, "structure": structure, **points, **beside}


def _page(people: list[DosePerson], known: Mapping[str, DosePoints], shown: Mapping[str, str]) -> Iterator[str]:
    measured = [one for one in people if one.measures]
    if not measured:
        return
    yield "<h1>The class as a whole</h1>"
    passing = {
        f"gamma {percent:g} %/{distance:g} mm (%)": {
            _WHOLE: [one.measures.passing_percent[number] for one in measured if one.measures]
        }
        for number, (percent, distance) in enumerate(CRITERIA)
    }
    yield plots.tag(plots.spread(passing))
    if known:
        yield plots.tag(plots.spread(_against(measured, known)))
    yield "<h1>Compared</h1><table><tr><th>participant"
    yield "".join(f"<th>gamma {percent:g} %/{distance:g} mm (%)" for percent, distance in CRITERIA)
    yield "<th>mean difference (Gy)<th>largest (Gy)<th>worst slice</tr>"
    for one in measured:
        if one.measures:
            numbers = [f"{value:.1f}" for value in one.measures.passing_percent]
            numbers += [f"{one.measures.mean_gy:+.2f}", f"{one.measures.largest_gy:.1f}", shown[one.name]]
            yield row(one.name, numbers)
    yield "</table>"
    for structure, yours in known.items():
        yield f"<h2>{html.escape(structure)}</h2><table>"
        yield "<tr><th>participant<th>mean (Gy)<th>D98<th>D95<th>D50<th>D2</tr>"
        yield row("reference", [f"{value:.2f}" for value in asdict(yours).values()])
        for one in measured:
            if structure in one.structures:
                yield row(one.name, [f"{value:.2f}" for value in asdict(one.structures[structure][0]).values()])
        yield "</table>"


def _against(people: list[DosePerson], known: Mapping[str, DosePoints]) -> dict[str, dict[str, list[float]]]:
    """For the plot: how far everybody's points are from the reference's, by point and structure."""
    return {
        f"{point if point == 'mean' else point.upper()} less reference (Gy)": {
            name: [
                getattr(pair[0], point) - getattr(pair[1], point)
                for one in people
                if (pair := one.structures.get(name)) is not None
            ]
            for name in known
        }
        for point in ("mean", "d95", "d2")
    }
