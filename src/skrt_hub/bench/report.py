"""What `bench` found, as a table for people and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skrt_hub.bench.statistics import Spread, SystemStatistics
from skrt_hub.report import Report, human_size


@dataclass(frozen=True)
class BenchReport(Report):
    """One system, or two beside each other."""

    version: str
    when: str
    machine: str
    systems: tuple[SystemStatistics, ...]
    files: tuple[Path, ...] = ()

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """13 when somebody did not get to a slice on the hub that was measured first."""
        return 13 if self.systems[0].failures else 0

    @property
    def ok(self) -> bool:
        return self.exit_code == 0

    def with_files(self, files: tuple[Path, ...]) -> BenchReport:
        """The same, naming the files in which it was written down."""
        return replace(self, files=files)

    def render(self) -> RenderableType:
        table = Table("figure", *(system.system for system in self.systems), box=None, pad_edge=False)
        if len(self.systems) == 2:
            table.add_column("times")
        for name, cells, ratio in rows(self.systems):
            table.add_row(name, *cells, *([ratio] if len(self.systems) == 2 else []))
        lines = [f"{self.machine}; skrt-hub {self.version}; {self.when}"]
        lines += [f"{system.system}: {note}" for system in self.systems for note in system.notes]
        lines += [f"{system.system}: failed: {words}" for system in self.systems for words in system.failures]
        lines += [f"Written: {file}" for file in self.files]
        return Group(table, *(Text(line) for line in lines))


def rows(systems: tuple[SystemStatistics, ...]) -> list[tuple[str, list[str], str]]:
    """The table: each figure's name, its value for each system, and the second system's over the first's."""
    people = systems[0].people
    table = [
        _row("one participant, log-in to slice", [_alone(system) for system in systems]),
        _row("a further kernel, `import skrt` done", [system.new_kernel for system in systems]),
    ]
    for name in dict.fromkeys(name for system in systems for name in system.lessons):
        table.append(_row(f"a further kernel, {name}", [system.lessons.get(name) for system in systems]))
    for stage, words in (("lab page", "lab page"), ("kernel", "kernel"), ("slice", "CT slice")):
        spreads = [system.stages.get(stage) for system in systems]
        for name, part in (("median", "median"), ("95 %", "most"), ("last", "last")):
            values = [getattr(spread, part) if spread else None for spread in spreads]
            table.append(_row(f"{people} at once: {words}, {name}", values))
    if any(system.browsers for system in systems):
        of_all = [Spread.of(system.browsers) if system.browsers else None for system in systems]
        page = f"JupyterLab page in a browser, {len(systems[0].browsers)} at once"
        table.append(_row(f"{page}: median", [spread.median if spread else None for spread in of_all]))
        table.append(_row(f"{page}: last", [spread.last if spread else None for spread in of_all]))
    table.append(_row("log-in page meanwhile, median", [system.login_page.median for system in systems]))
    table.append(_row("log-in page meanwhile, 99 %", [system.login_page_99 for system in systems]))
    table.append(_row("memory for each participant", [system.memory_each for system in systems], size=True))
    if any(system.memory_shared for system in systems):
        table.append(_row("memory of the fork server", [system.memory_shared for system in systems], size=True))
    table.append(_row("hub started, to the log-in page", [system.start for system in systems]))
    for name in dict.fromkeys(name for system in systems for name in system.processor_time):
        spent = [system.processor_time.get(name) for system in systems]
        table.append(_row(f"processor time of all: {name}", spent))
    counts = [f"{_arrived(system)} of {system.people}" for system in systems]
    table.append(("arrived", counts, ""))
    return table


def _alone(system: SystemStatistics) -> float | None:
    return system.alone.get("slice")


def _arrived(system: SystemStatistics) -> int:
    return len(system.arrivals["slice"])


def _row(name: str, values: list[float | None], *, size: bool = False) -> tuple[str, list[str], str]:
    cells = ["-" if value is None else human_size(int(value)) if size else f"{value:.2f} s" for value in values]
    ratio = ""
    if len(values) == 2 and values[0] and values[1]:
        ratio = f"{values[1] / values[0]:.1f}"
    return name, cells, ratio
