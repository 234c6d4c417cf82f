"""What `material` says: which material there is, and what became of it in each home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skrt_hub.homes.access import Home, Homes, of_people
from skrt_hub.homes.placed import given_to
from skrt_hub.layout import Layout
from skrt_hub.material.published import EntryState, published
from skrt_hub.progress import Progress
from skrt_hub.report import Report

_NAMED = 5


@dataclass(frozen=True)
class UpdatedRow:
    """One entry after an update."""

    name: str
    state: str
    files: int
    version: str
    notes: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class UpdateReport(Report):
    """What `material update` and `hand-out` did."""

    entries: tuple[UpdatedRow, ...]
    delivered: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 1 if any(row.problem for row in self.entries) else 0

    def render(self) -> RenderableType:
        if not self.entries:
            none = "hub.yaml names no material, and nothing is handed out; the examples come with the hub."
            return Text("\n".join((none, *self.delivered)))
        table = Table("material", "state", "files", "version", box=None, pad_edge=False)
        for row in self.entries:
            table.add_row(Text(row.name), row.state, str(row.files), Text(row.version or "-"))
        lines = [note for row in self.entries for note in row.notes]
        lines += [f"{row.name}: {row.problem}" for row in self.entries if row.problem]
        lines += self.delivered
        return Group(table, Text("\n".join(lines)))


@dataclass(frozen=True)
class HomeMaterial:
    """The material in one home: paths by what became of them."""

    name: str
    untouched: int
    older: tuple[str, ...]
    edited: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class StatusReport(Report):
    """Who has edited what."""

    entries: dict[str, str]
    homes: tuple[HomeMaterial, ...]
    missing: tuple[str, ...] = ()

    def render(self) -> RenderableType:
        table = Table("participant", "as given", "older", "edited", "not there", box=None, pad_edge=False)
        for row in self.homes:
            counts = (row.untouched, len(row.older), len(row.edited), len(row.missing))
            table.add_row(Text(row.name), *(str(count) for count in counts))
        lines = [f"{name} is at {version}" for name, version in self.entries.items() if version]
        lines += [
            f"{name} is named in hub.yaml, but missing. See why: skrt-hub material update" for name in self.missing
        ]
        if not self.entries and not self.missing:
            lines.append("hub.yaml names no material, and nothing was handed out.")
        for row in self.homes:
            if row.edited:
                more = f" and {len(row.edited) - _NAMED} more" if len(row.edited) > _NAMED else ""
                lines.append(f"{row.name} edited {', '.join(row.edited[:_NAMED])}{more}")
        return Group(table, Text("\n".join(lines)))


def material_updated(states: tuple[EntryState, ...], delivered: tuple[str, ...]) -> UpdateReport:
    """The report of an update, with what was done to bring it to servers."""
    return UpdateReport(
        tuple(
            UpdatedRow(
                state.name,
                state.state,
                state.files,
                state.version,
                state.notes,
                str(state.problem or "").replace("\n", " "),
            )
            for state in states
        ),
        delivered,
    )


def material_status(layout: Layout, homes: Homes, progress: Progress, named: Sequence[str] = ()) -> StatusReport:
    """Compare each home with the material that is published now; `named`: what hub.yaml wants to be published."""
    entries = published(layout)
    wanted = {f"{entry['name']}/{path}": facts["sha256"] for entry in entries for path, facts in entry["files"].items()}
    rows = []
    with progress.step("looking at the homes") as step:
        everyone = of_people(homes)
        for number, home in enumerate(everyone, start=1):
            step.update(number, len(everyone), note=home.name)
            rows.append(_look(homes, home, wanted))
    there = {entry["name"]: entry["version"] for entry in entries}
    return StatusReport(there, tuple(rows), tuple(name for name in named if name not in there))


def _look(homes: Homes, home: Home, wanted: dict[str, str]) -> HomeMaterial:
    untouched, older, edited, missing = 0, [], [], []
    placed = given_to(homes, home)
    for path, digest in homes.digests(home, list(wanted)):
        if digest is None:
            missing.append(path)
        elif digest == wanted[path]:
            untouched += 1
        elif digest in placed.get(path, ()):
            older.append(path)
        else:
            edited.append(path)
    return HomeMaterial(home.name, untouched, tuple(older), tuple(edited), tuple(missing))
