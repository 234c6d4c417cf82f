"""What `datasets` says: which sets there are, what became of them, and what is to be cited."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skrt_hub.errors import CopyError
from skrt_hub.report import Report

_NAMED = 10


@dataclass(frozen=True)
class SetRow:
    """One set. size: bytes, of one that is not here as it is told; `hash` and where it comes from once it is here."""

    name: str
    state: str
    path: str
    size: int
    files: int
    licence: str
    citation: str
    hash: str = ""
    vouched: str = ""
    title: str = ""
    fetched: str = ""


@dataclass(frozen=True)
class SetsReport(Report):
    """The sets of data, and what was done."""

    sets: tuple[SetRow, ...]
    done: tuple[str, ...] = ()

    def render(self) -> RenderableType:
        if not self.sets:
            none = "hub.yaml names no data sets. Known ones: skrt-hub datasets list --known"
            return Text("\n".join((*self.done, none)))
        table = Table("set", "state", "size", "files", "where", box=None, pad_edge=False)
        for row in self.sets:
            size = f"{row.size / 10**9:.1f} GB" if row.size >= 10**9 else f"{row.size / 10**6:.1f} MB"
            table.add_row(
                Text(row.name), Text(row.state), size if row.size else "?", str(row.files or "?"), Text(row.path)
            )
        lines = []
        for row in self.sets:
            lines += ["", f"{row.name}: {row.title}" if row.title else row.name]
            lines.append(f"  licence: {row.licence or 'not told'}")
            lines.append(f"  cite: {row.citation or 'not told'}")
            if row.hash:
                lines.append(f"  {row.hash} ({row.vouched})")
        return Group(table, Text("\n".join(lines)), *([Text("\n" + "\n".join(self.done))] if self.done else []))


@dataclass(frozen=True)
class VerifiedSet:
    """One set against its record: files that are damaged, missing, or were not there before."""

    name: str
    files: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not (self.damaged or self.missing or self.added)


@dataclass(frozen=True)
class VerifiedSetsReport(Report):
    """Every file of the sets, read again."""

    sets: tuple[VerifiedSet, ...]
    not_here: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return all(row.good for row in self.sets)

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 0 if self.ok else CopyError.exit_code

    def render(self) -> RenderableType:
        lines = []
        for row in self.sets:
            lines.append(
                f"{row.name}: {f'all {row.files} files are as they were fetched' if row.good else 'not as fetched'}"
            )
            for words, names in (("damaged", row.damaged), ("missing", row.missing), ("not of the set", row.added)):
                more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
                lines += [f"  {words}: {', '.join(names[:_NAMED])}{more}"] if names else []
            if not row.good:
                lines.append(
                    f"  Fetch it anew: skrt-hub datasets remove {row.name}; skrt-hub datasets fetch {row.name}"
                )
        lines += [f"{name}: not fetched yet" for name in self.not_here]
        return Text("\n".join(lines or ["hub.yaml names no data sets."]))
