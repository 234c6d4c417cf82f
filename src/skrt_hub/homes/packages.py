"""Packages that participants installed into their homes: who has which, and back to the class's."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skrt_hub.errors import ClusterError, PermissionsError
from skrt_hub.homes.access import Home, Homes, of_people
from skrt_hub.homes.selection import chosen
from skrt_hub.progress import Progress
from skrt_hub.report import Report, human_size
from skrt_workspace.home.packages import Installed, Moved, Package, SetAside

Answer = TypeVar("Answer", Installed, SetAside)


@dataclass(frozen=True)
class OwnPackages:
    """What one participant installed. other: bytes beside the packages; problems: what could not be looked at."""

    name: str
    packages: tuple[Package, ...] = ()
    other: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnPackagesReport(Report):
    """What participants installed into their homes with pip."""

    homes: tuple[OwnPackages, ...]

    def render(self) -> RenderableType:
        table = Table("participant", "package", "version", "Python", "size", box=None, pad_edge=False)
        for row in self.homes:
            for package in row.packages:
                size = human_size(package.size) if package.size is not None else "-"
                cells = (row.name, package.name, package.version, package.python)
                table.add_row(*(Text(_in_one_line(cell)) for cell in cells), size)
        lines = [f"{row.name}: {human_size(row.other)} that belong to no package" for row in self.homes if row.other]
        lines += _problems(self.homes)
        if nobody := [row.name for row in self.homes if not row.packages]:
            lines.append(f"Nothing installed: {', '.join(nobody)}.")
        if not self.homes:
            lines.append("There is no home yet.")
        return Group(*([table] if table.row_count else []), Text("\n".join(lines)))


@dataclass(frozen=True)
class PackagesAside:
    """What was moved in one home, as paths from the home, and what could not be."""

    name: str
    moved: tuple[Moved, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class PackagesAsideReport(Report):
    """Participants' packages that were moved aside within their homes; nothing was deleted."""

    homes: tuple[PackagesAside, ...]

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return PermissionsError.exit_code if any(row.problems for row in self.homes) else 0

    def render(self) -> RenderableType:
        lines = []
        for row in self.homes:
            lines += [f"{row.name}: ~/{moved.path} is now ~/{moved.now}" for moved in row.moved]
            if row.moved:
                lines.append(f"  The way back, in a terminal of {row.name}:")
                lines += [f"    {back(moved)}" for moved in row.moved]
            elif not row.problems:
                lines.append(f"{row.name}: nothing was installed.")
        lines += _problems(self.homes)
        if moved_of := [row.name for row in self.homes if row.moved]:
            lines.append(
                "Kernels that run keep the packages that they have loaded, until they are restarted; all at once: "
                f"skrt-hub participants restart {shlex.join(moved_of)}"
            )
        return Text("\n".join(lines))


def list_packages(
    homes: Homes, names: Sequence[str], progress: Progress, listed: Sequence[str] = ()
) -> OwnPackagesReport:
    """What is in each home, or in those of `names`; no file of it is run. Raises UnknownNameError or StateError."""
    rows = _each(homes, names, progress, listed, homes.packages)
    return OwnPackagesReport(
        tuple(OwnPackages(name, found.packages, found.other, found.problems) for name, found in rows)
    )


def set_packages_aside(
    homes: Homes, names: Sequence[str], progress: Progress, listed: Sequence[str] = ()
) -> PackagesAsideReport:
    """Move aside what is in the homes of `names`. Raises UnknownNameError or StateError before anything is moved."""
    rows = _each(homes, names, progress, listed, homes.set_packages_aside)
    return PackagesAsideReport(tuple(PackagesAside(name, done.moved, done.problems) for name, done in rows))


def back(moved: Moved) -> str:
    """The command that a participant types to have the packages again; refused by `mv` where others came since."""
    return f"cd && {shlex.join(('mv', '-T', moved.now, moved.path))}"


def answered(kind: type[Answer], text: str, name: str) -> Answer:
    """What skrt_workspace.home.packages printed in a pod. Raises ClusterError for anything else."""
    try:
        return TypeAdapter(kind).validate_json(text.strip() or "-")
    except ValidationError:
        last = text.strip().splitlines()[-1:] or ["It gave no answer."]
        raise ClusterError(
            f"The packages of {name} cannot be looked at.",
            why=last[0][:200],
            remedy="A server that was started before skrt-hub was upgraded does not know the question. "
            f"Run: skrt-hub participants restart {shlex.quote(name)}",
        ) from None


def _each(
    homes: Homes,
    names: Sequence[str],
    progress: Progress,
    listed: Sequence[str],
    ask: Callable[[Home], Answer],
) -> list[tuple[str, Answer]]:
    wanted = chosen(of_people(homes), [*names], listed)
    rows = []
    with progress.step("looking at own packages") as step:
        for number, home in enumerate(wanted, start=1):
            step.update(number, len(wanted), note=home.name)
            rows.append((home.name, ask(home)))
    return rows


def _problems(rows: Iterable[OwnPackages | PackagesAside]) -> list[str]:
    return [f"{row.name}: {_in_one_line(problem)}" for row in rows for problem in row.problems]


def _in_one_line(text: str) -> str:
    """A participant's own text: it could hold lines that look like the command's."""
    return " ".join(text.split())
