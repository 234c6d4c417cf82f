"""What the commands about homes return."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from skrt_hub.report import Report, human_size, human_time, some_of


@dataclass(frozen=True)
class SavedRow:
    """One home in a save."""

    name: str
    files: int
    bytes: int
    read: int
    left_out: tuple[str, ...] = ()
    restless: tuple[str, ...] = ()


@dataclass(frozen=True)
class SaveReport(Report):
    """What was saved. new: bytes added to the place; freed: bytes that older copies gave back.

    warning: what keeps these copies from being of use one day.
    """

    place: str
    id: str
    homes: tuple[SavedRow, ...]
    new: int
    freed: int
    seconds: float
    warning: str = ""

    def render(self) -> RenderableType:
        table = Table(_who(), "files", "size", "read", box=None, pad_edge=False)
        for row in self.homes:
            table.add_row(Text(row.name), str(row.files), human_size(row.bytes), human_size(row.read))
        lines = [f"Saved as {self.id} in {self.place} and read back: {human_size(self.new)} new, {self.seconds:.1f} s."]
        if self.freed:
            lines.append(f"Copies that are no longer kept gave back {human_size(self.freed)}.")
        for row in self.homes:
            lines += some_of(f"{row.name}: left out", row.left_out)
            lines += some_of(f"{row.name}: changed while it was read; saved as it was then", row.restless)
        warning = [Text(f"ATTENTION: {self.warning}", "bold")] if self.warning else []
        return Group(table, Text("\n".join(lines)), *warning)


@dataclass(frozen=True)
class RestoredRow:
    """One home after a restore."""

    name: str
    time: str
    restored: int
    equal: int
    bytes: int
    replaced: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    stayed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    verified: int = 0


@dataclass(frozen=True)
class RestoreReport(Report):
    """What was restored; `verified` counts the files whose SHA-256 was read from the home afterwards and is right."""

    place: str
    homes: tuple[RestoredRow, ...]
    accounts: int
    seconds: float

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 17 if any(row.failed for row in self.homes) else 0

    def render(self) -> RenderableType:
        table = Table(_who(), "from", "written", "there already", "hashes equal", box=None, pad_edge=False)
        for row in self.homes:
            table.add_row(Text(row.name), human_time(row.time), str(row.restored), str(row.equal), str(row.verified))
        lines = [f"Restored from {self.place} in {self.seconds:.1f} s."]
        if self.accounts:
            many = self.accounts != 1
            lines.append(f"{self.accounts} password{'s' * many} came with {'them' if many else 'it'}.")
        for row in self.homes:
            lines += some_of(f"{row.name}: put beside what is newer", row.beside)
            lines += some_of(
                f"{row.name}: histories that stayed as they are; --into a new folder brings the saved ones", row.stayed
            )
            lines += some_of(
                f"{row.name}: replaced; what was there is in the newest saved copy, or material as it was placed",
                row.replaced,
            )
            lines += some_of(f"{row.name}: links out of the home, not restored into this folder", row.left_out)
            lines += some_of(f"{row.name}: could not be restored", row.failed)
        return Group(table, Text("\n".join(lines)))


@dataclass(frozen=True)
class ListedSave:
    """One line of `saves list`. people: whose homes it holds."""

    id: str
    time: str
    homes: int
    files: int
    bytes: int
    complete: bool
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class SavesReport(Report):
    """The saves in a place."""

    place: str
    saves: tuple[ListedSave, ...]

    def render(self) -> RenderableType:
        if not self.saves:
            return Text(f"There are no saves in {self.place}.")
        table = Table("save", "made", "people", "files", "size", "state", box=None, pad_edge=False)
        for save in self.saves:
            state = "verified" if save.complete else "interrupted; what it has of each home is whole"
            table.add_row(
                save.id, human_time(save.time), str(save.homes), str(save.files), human_size(save.bytes), state
            )
        everybody = tuple({name for save in self.saves for name in save.people})
        lines = some_of(f"{len(everybody)} {'person has' if len(everybody) == 1 else 'people have'} copies", everybody)
        return Group(Text(f"Saves in {self.place}:"), table, Text("\n".join(lines)))


@dataclass(frozen=True)
class VerifiedReport(Report):
    """What `saves verify` read."""

    place: str
    manifests: int
    packs: int
    contents: int
    problems: tuple[str, ...]

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 17 if self.problems else 0

    @property
    def ok(self) -> bool:
        return not self.problems

    def render(self) -> RenderableType:
        head = f"Read {self.manifests} manifests and {self.packs} packs with {self.contents} contents in {self.place}: "
        verdict = "all are whole." if not self.problems else f"{len(self.problems)} problems."
        return Text("\n".join((head + verdict, *self.problems[:50])))


@dataclass(frozen=True)
class ComparedRow:
    """One home against its newest saved copy."""

    name: str
    equal: int
    bytes: int
    different: tuple[str, ...]
    only_saved: tuple[str, ...]
    only_home: tuple[str, ...]


@dataclass(frozen=True)
class ComparedReport(Report):
    """What `saves compare` found: the proof that a class was moved whole."""

    place: str
    homes: tuple[ComparedRow, ...]

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 17 if any(row.different or row.only_saved or row.only_home for row in self.homes) else 0

    def render(self) -> RenderableType:
        table = Table(_who(), "equal", "size", "different", "only saved", "only here", box=None, pad_edge=False)
        for row in self.homes:
            counts = (str(len(paths)) for paths in (row.different, row.only_saved, row.only_home))
            table.add_row(Text(row.name), str(row.equal), human_size(row.bytes), *counts)
        lines = [f"Every file's SHA-256 was compared with the copies in {self.place}."]
        for row in self.homes:
            lines += some_of(f"{row.name}: different", row.different)
            lines += some_of(f"{row.name}: only in the saved copy", row.only_saved)
            lines += some_of(f"{row.name}: only in the home", row.only_home)
        return Group(table, Text("\n".join(lines)))


def _who() -> Column:
    """Names are never cut: two that begin alike would look the same."""
    return Column("participant", overflow="fold")
