"""A whole class against one reference: a row for each person and structure, a table, and a page to look at."""

from __future__ import annotations

import html
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from skrt_workspace.compare import plots
from skrt_workspace.compare.doses import DosePoints, dose_in, dose_points
from skrt_workspace.compare.pages import why_not, write_page, write_table
from skrt_workspace.compare.structures import TOLERANCES_MM, Compared, Measures, compare_sets, structure_file
from skrt_workspace.compare.together import MANY, Together, slice_of_most_doubt, together, votes_of
from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.headers import read
from skrt_workspace.data.structure_rules import Contours, structures_of
from skrt_workspace.viewer.grids import Grid

_COLUMNS = (
    "participant", "structure", "drawn_as", "sure", "dice", *(f"surface_dice_{limit:g}mm" for limit in TOLERANCES_MM),
    "hd95_mm", "mean_distance_mm", "added_path_mm", "volume_ml", "volume_ratio", "worst_slice_z_mm",
)  # fmt: skip
_POINTS = ("mean", "d95", "d2")
_DOSE_COLUMNS = (
    ("mean_dose_gy", "d95_gy", "d2_gy"),
    ("reference_mean_dose_gy", "reference_d95_gy", "reference_d2_gy"),
)


@dataclass(frozen=True)
class Person:
    """What somebody handed in, compared; or why it could not be.

    :ivar doses: what each structure gets of the reference's dose as they drew it, and as the reference has it.
    """

    name: str
    structures: tuple[Compared, ...] = ()
    problem: str = ""
    doses: Mapping[str, tuple[DosePoints, DosePoints]] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassComparison:
    """Everybody, each structure as the class drew it, and where the table and the page are."""

    people: tuple[Person, ...]
    table: Path
    page: Path
    together: tuple[Together, ...] = ()

    def __str__(self) -> str:
        lines = []
        for name, dice in _by_structure(self.people).items():
            middle, least = statistics.median(dice.values()), min(dice, key=dice.__getitem__)
            lines.append(f"{name}: Dice {middle:.2f} in the middle of {len(dice)}; least {dice[least]:.2f} ({least})")
        lines += [str(one) for one in self.together]
        lines += [f"{one.name}: {one.problem}" for one in self.people if one.problem]
        doubtful = [f"{one.name}: {row.name} as {row.drawn_as}" for one, row in _doubtful(self.people)]
        lines += [f"Matched by a name that may mean something else: {', '.join(doubtful)}."] if doubtful else []
        return "\n".join([*lines, f"The table is {self.table}, the page {self.page}."])


def compare_people(
    reference: str | PathLike[str], people: Mapping[str, str | PathLike[str]], to: str | PathLike[str]
) -> ClassComparison:
    """Compare everybody. One who handed in something unusable is told and does not stop the rest."""
    folder = Path(to)
    wanted = structures_of(structure_file(reference))
    if not any(one.closed for one in wanted):
        raise UnusableDataError(f"{reference} has no structure with contours to compare with.")
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, list[Contours]] = {}
    rows = [_person(name, place, wanted, drawn) for name, place in people.items()]
    rows = _with_doses(rows, wanted, drawn, _dose_beside(Path(reference)))
    table = write_table(folder, (*_COLUMNS, *_DOSE_COLUMNS[0], *_DOSE_COLUMNS[1], "problem"), _lines(rows))
    whole, shown = _whole(rows, wanted, drawn)
    page = write_page(folder, _page(rows, wanted, drawn, shown), {one.name: one.problem for one in rows if one.problem})
    return ClassComparison(tuple(rows), table, page, tuple(whole))


def _dose_beside(reference: Path) -> Grid | None:
    """The dose in the reference's folder, where there is one."""
    contents = read(reference)
    return dose_in(contents) if contents.of("RTDOSE") else None


def _with_doses(
    people: list[Person], wanted: list[Contours], drawn: dict[str, list[Contours]], dose: Grid | None
) -> list[Person]:
    """Everybody with what their structures get of the reference's dose."""
    if dose is None:
        return people
    own = {one.name: dose_points(one, dose) for one in wanted}
    found: dict[str, dict[str, tuple[DosePoints, DosePoints]]] = {}
    for structure in wanted:
        for person, contours in _drawn_as(structure, people, drawn).items():
            theirs, yours = dose_points(contours, dose), own[structure.name]
            if theirs is not None and yours is not None:
                found.setdefault(person, {})[structure.name] = (theirs, yours)
    return [replace(one, doses=found.get(one.name, {})) for one in people]


def _whole(
    people: list[Person], wanted: list[Contours], drawn: dict[str, list[Contours]]
) -> tuple[list[Together], list[str]]:
    """The class as a whole, and that part of the page."""
    if not any(row.measures for one in people for row in one.structures):
        return [], []
    found: list[Together] = []
    parts = ["<h1>The class as a whole</h1>", plots.tag(plots.spread(_measured(people)))]
    for structure in (one for one in wanted if one.closed):
        theirs = _drawn_as(structure, people, drawn)
        votes = votes_of(structure, theirs) if len(theirs) > 1 else None
        if votes is not None:
            found.append(together(structure, votes))
            parts.append(plots.tag(plots.everybody(structure, votes, slice_of_most_doubt(votes))))
    if found:
        parts.insert(2, _agreement(found))
    return found, parts


def _drawn_as(structure: Contours, people: list[Person], drawn: dict[str, list[Contours]]) -> dict[str, Contours]:
    """What each person drew for a structure."""
    names = {one.name: row.drawn_as for one in people for row in one.structures if row.name == structure.name}
    measured = {one.name for one in people for row in one.structures if row.name == structure.name and row.measures}
    return {
        person: next(one for one in drawn[person] if one.name == name)
        for person, name in names.items()
        if person in measured
    }


def _measured(people: list[Person]) -> dict[str, dict[str, list[float]]]:
    """The numbers of everybody by measure and structure."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in (row for one in people for row in one.structures):
        numbers = row.measures
        for measure, value in (
            ("Dice", numbers.dice if numbers else None),
            ("surface Dice 2 mm", numbers.surface_dice[1] if numbers else None),
            ("HD95 (mm)", numbers.hd95_mm if numbers else None),
            ("volume ratio", numbers.volume_ratio if numbers else None),
        ):
            values = found.setdefault(measure, {}).setdefault(row.name, [])
            values += [] if value is None else [value]
    return found


def _agreement(found: list[Together]) -> str:
    """Tables: how far people agree with each other, and each person beside the others."""
    head = (
        "<tr><th>structure<th>people<th>Dice of pairs<th>least<th>conformity<th>volume (ml)<th>majority<th>STAPLE</tr>"
    )
    rows = []
    for one in found:
        mean, deviation = one.volume_ml
        cells = [f"{len(one.people)}", *(f"{number:.3f}" for number in (*one.pairs_dice, one.conformity))]
        cells.append(f"{mean:.1f} ± {deviation:.1f}")
        cells += [f"{number:.3f}" if len(one.people) >= MANY else "" for number in (one.majority_dice, one.staple_dice)]
        rows.append(f"<tr><th>{html.escape(one.structure)}{''.join(f'<td>{cell}' for cell in cells)}</tr>")
    each = "<tr><th>participant<th>structure<th>Dice with others<th>sensitivity<th>precision</tr>"
    lines = [
        f"<tr><th>{html.escape(person.name)}<td>{html.escape(one.structure)}<td>{person.dice_with_others:.3f}"
        f"<td>{person.sensitivity:.3f}<td>{person.precision:.3f}</tr>"
        for one in found
        for person in one.people
    ]
    words = [
        "Dice of pairs: of everybody with everybody else. Conformity: what both of a pair drew, of what either drew.",
        "Majority, STAPLE: Dice of your reference with what more than half drew, and with STAPLE's estimate.",
        "Sensitivity, precision: of each person against that estimate.",
    ]
    notes = "".join(f"<li>{html.escape(one)}" for one in words)
    return f"<table>{head}{''.join(rows)}</table><ul>{notes}</ul><table>{each}{''.join(lines)}</table>"


def _person(name: str, place: str | PathLike[str], wanted: list[Contours], drawn: dict[str, list[Contours]]) -> Person:
    try:
        drawn[name] = structures_of(structure_file(place))
        rows = tuple(compare_sets(wanted, drawn[name]))
        if not any(row.measures for row in rows):
            return Person(name, problem="none of the reference's structures is in it, or the file is not whole")
        return Person(name, rows)
    except Exception as error:
        return Person(name, problem=why_not(error, "structure set"))


def _doubtful(people: Iterable[Person]) -> list[tuple[Person, Compared]]:
    return [(one, row) for one in people for row in one.structures if row.drawn_as and not row.sure]


def _by_structure(people: Iterable[Person]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for one in people:
        for row in one.structures:
            if row.measures is not None:
                found.setdefault(row.name, {})[one.name] = row.measures.dice
    return found


def _lines(people: list[Person]) -> Iterator[dict[str, Any]]:
    """The rows of the table."""
    for one in people:
        for row in one.structures:
            facts = {"participant": one.name, "structure": row.name, "drawn_as": row.drawn_as, "sure": row.sure}
            problem = "" if row.measures else "not drawn"
            yield {**facts, **_numbers(row.measures), **_dose(one.doses.get(row.name)), "problem": problem}
        if one.problem:
            yield {"participant": one.name, "problem": one.problem}


def _dose(pair: tuple[DosePoints, DosePoints] | None) -> dict[str, str]:
    if pair is None:
        return {}
    return {
        name: f"{getattr(points, point):.2f}"
        for points, names in zip(pair, _DOSE_COLUMNS, strict=True)
        for name, point in zip(names, _POINTS, strict=True)
    }


def _numbers(found: Measures | None) -> dict[str, str]:
    if found is None:
        return {}
    shares = {f"surface_dice_{t:g}mm": f"{v:.4f}" for t, v in zip(TOLERANCES_MM, found.surface_dice, strict=True)}
    return {
        "dice": f"{found.dice:.4f}",
        **shares,
        "hd95_mm": f"{found.hd95_mm:.2f}",
        "mean_distance_mm": f"{found.mean_distance_mm:.2f}",
        "added_path_mm": f"{found.added_path_mm:.0f}",
        "volume_ml": f"{found.volume_ml:.2f}",
        "volume_ratio": f"{found.volume_ratio:.3f}",
        "worst_slice_z_mm": f"{found.worst_height_mm:.1f}",
    }


def _page(
    people: list[Person], wanted: list[Contours], drawn: dict[str, list[Contours]], whole: list[str]
) -> Iterator[str]:
    """The page: the class as a whole, then everybody's numbers and the slice in which each differs most."""
    with_dose = any(one.doses for one in people)
    yield from [*whole, "<h1>Compared</h1>"]
    for structure in (one for one in wanted if one.closed):
        yield f"<h2>{html.escape(structure.name)}</h2><table><tr><th>participant<th>Dice<th>surface Dice 1 mm"
        yield "<th>HD95 (mm)<th>mean distance (mm)<th>volume ratio"
        yield f"{'<th>mean dose (Gy)<th>D95 (Gy)<th>D2 (Gy)' if with_dose else ''}<th>worst slice</tr>"
        for one in people:
            row = next((row for row in one.structures if row.name == structure.name), None)
            yield _row(one, row, structure, drawn.get(one.name, []), with_dose=with_dose)
        yield "</table>"
    if with_dose:
        yield "<ul><li>Doses: of what they drew, and in brackets of yours.</ul>"


def _row(person: Person, row: Compared | None, wanted: Contours, drawn: list[Contours], *, with_dose: bool) -> str:
    name = html.escape(person.name)
    if row is None or row.measures is None:
        columns = 9 if with_dose else 6
        return f"<tr><th>{name}<td colspan='{columns}'>{'not drawn' if row else 'not compared'}</tr>"
    found = row.measures
    other = next(one for one in drawn if one.name == row.drawn_as)
    picture = plots.tag(plots.worst_slice(wanted, other, found.worst_height_mm))
    cells = [
        f"{found.dice:.3f}",
        f"{found.surface_dice[0]:.3f}",
        f"{found.hd95_mm:.1f}",
        f"{found.mean_distance_mm:.2f}",
        f"{found.volume_ratio:.2f}",
    ]
    if with_dose:
        pair = person.doses.get(row.name)
        cells += [f"{getattr(pair[0], one):.1f} ({getattr(pair[1], one):.1f})" if pair else "" for one in _POINTS]
    doubt = "" if row.sure else f" (drawn as {html.escape(row.drawn_as)})"
    return f"<tr><th>{name}{doubt}{''.join(f'<td>{cell}' for cell in cells)}<td>{picture}</tr>"
