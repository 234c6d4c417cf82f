"""What `rehearse` found: a sentence, the lines for hub.yaml, and the steps behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skrt_hub.bench.seats import Seats, Step
from skrt_hub.report import Report, human_size


@dataclass(frozen=True)
class RehearsalReport(Report):
    """How many this machine seats with one notebook. Memory in bytes."""

    notebook: str
    machine: str
    available: int
    reserved: int
    steps: tuple[Step, ...]
    seats: Seats
    files: tuple[Path, ...] = ()

    def with_files(self, files: tuple[Path, ...]) -> RehearsalReport:
        """The same, naming the files in which it was written down."""
        return replace(self, files=files)

    def render(self) -> RenderableType:
        table = Table("people at once", "memory of one, at most", "memory left", "notebook", box=None, pad_edge=False)
        alone = self.steps[0].seconds
        for step in self.steps:
            slower = f"{step.seconds:.1f} s" + (
                f" ({step.seconds / alone:.1f} times)" if step is not self.steps[0] else ""
            )
            time = "failed" if step.failures else slower
            table.add_row(str(step.people), human_size(int(step.memory_each)), human_size(int(step.memory_left)), time)
        words = [sentence(self), "", "In hub.yaml:", *yaml_lines(self.seats), ""]
        words += [f"Failed: {failure}" for step in self.steps for failure in step.failures[:3]]
        words += [f"{self.notebook}; {self.machine}"]
        words += [f"Written: {file}" for file in self.files]
        return Group(table, Text("\n".join(("", *words))))


def sentence(report: RehearsalReport) -> str:
    """The answer in one line."""
    found = report.seats
    size = human_size(found.memory_limit)
    if found.ends_first == "the number that was tried":
        return f"At least {found.people} with {size} each; more were not tried (memory would seat {found.by_memory})."
    end = "end" if found.ends_first == "the processors" else "ends"
    return f"Up to {found.people} with {size} each; {found.ends_first} {end} first."


def yaml_lines(found: Seats) -> list[str]:
    """The same in hub.yaml's words."""
    megabytes = found.memory_limit // 10**6
    size = f"{megabytes / 1000:g} GB" if megabytes % 100 == 0 else f"{megabytes} MB"
    return ["limits:", f"  servers: {max(1, found.people)}", f"  memory: {size}"]
