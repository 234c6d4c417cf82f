"""What a check says: one finding for each thing that goes wrong, with its files, its consequence and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

_SHOWN = 3


class UnusableDataError(Exception):
    """Data that cannot be loaded rightly; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Finding:
    """One thing in the data that goes wrong.

    :ivar rule: its short name, a heading of the page on checking data.
    :ivar consequence: what scikit-rt makes of it.
    :ivar remedy: what to do.
    :ivar mended: whether load() gives the right objects all the same.
    """

    rule: str
    what: str
    consequence: str
    remedy: str
    files: tuple[str, ...] = ()
    mended: bool = True

    def __str__(self) -> str:
        named = ", ".join(self.files[:_SHOWN])
        more = f" and {len(self.files) - _SHOWN} more" if len(self.files) > _SHOWN else ""
        where = f"\n  In: {named}{more}" if named else ""
        return f"{self.rule}: {self.what}{where}\n  scikit-rt: {self.consequence}\n  Do: {self.remedy}"


@dataclass(frozen=True)
class SeriesSummary:
    """One series (or NIfTI file) in a folder, in the words of a table."""

    kind: str
    description: str
    files: int
    details: str


@dataclass(frozen=True)
class CheckReport:
    """What is in a folder, and what goes wrong with it."""

    folder: str
    series: tuple[SeriesSummary, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_out: tuple[str, ...] = field(default=())

    @property
    def is_clean(self) -> bool:
        """Whether scikit-rt reads all of it rightly by itself."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"{self.folder}:"]
        lines += [f"  {one.kind:9} {one.files:4} files  {one.description}  {one.details}" for one in self.series]
        if self.left_out:
            lines.append(f"  {len(self.left_out)} files are neither DICOM nor NIfTI")
        if not self.series:
            lines.append("  no DICOM and no NIfTI file")
        lines += ["", *map(str, self.findings)] if self.findings else ["", "Nothing in it goes wrong in scikit-rt."]
        if self.findings and all(one.mended for one in self.findings):
            lines.append("\nskrt_workspace.data.load() gives the right objects.")
        return "\n".join(lines)

    __repr__ = __str__
