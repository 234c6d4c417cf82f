"""What an audit found: one row for each attempt, and an exit code of its own where anything was reachable."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from skrt_hub.errors import AuditError
from skrt_hub.report import Report

NOTEBOOK, TERMINAL, OUTSIDE = "notebook", "terminal", "outside"
_COLOURS = {"refused": "green", "reachable": "bold red", "not applicable": "dim", "not tried": "yellow"}
_ORDER = ("reachable", "not tried", "refused", "not applicable")


@dataclass(frozen=True)
class AuditRow:
    """One attempt. `outcome`: refused (by `layer`), reachable, not applicable, or not tried (the audit itself failed).

    `where` says from where it was tried.
    """

    probe: str
    tried: str
    where: tuple[str, ...]
    outcome: str
    layer: str = ""
    why: str = ""


@dataclass(frozen=True)
class AuditReport(Report):
    """The table, and the layers that this kernel or cluster does not have."""

    name: str
    target: str
    hub_runs_as: str
    rows: tuple[AuditRow, ...]
    missing_layers: tuple[str, ...]
    seconds: float

    @property
    def reachable(self) -> tuple[AuditRow, ...]:
        """What should not have worked."""
        return tuple(row for row in self.rows if row.outcome == "reachable")

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        failed = any(row.outcome in ("reachable", "not tried") for row in self.rows)
        return AuditError.exit_code if failed or not self.rows else 0

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.exit_code == 0, **super().as_json()}

    def render(self) -> RenderableType:
        lines = []
        for row in sorted(self.rows, key=lambda row: _ORDER.index(row.outcome)):
            seen = "; ".join(filter(None, (row.layer, row.why)))
            lines.append(
                Text.assemble((f"{row.outcome:16}", _COLOURS[row.outcome]), f"{row.tried} ({', '.join(row.where)})")
            )
            lines.append(Text(f"{'':16}{seen}", "dim" if row.outcome != "reachable" else ""))
        return Group(*lines, *(Text(f"Not here: {words}") for words in self.missing_layers), Text(self.summary()))

    def summary(self) -> str:
        """All of it in one line."""
        counts = Counter(row.outcome for row in self.rows)
        told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in _ORDER if counts[outcome])
        return f"{len(self.rows)} attempts: {told}, {self.seconds:.0f} s"


def joined(rows: tuple[AuditRow, ...]) -> tuple[AuditRow, ...]:
    """One row for each probe: what came of it from each place, the worst outcome first."""
    found: dict[str, AuditRow] = {}
    for row in rows:
        before = found.get(row.probe)
        if before is None:
            found[row.probe] = row
            continue
        worse = min((before, row), key=lambda one: _ORDER.index(one.outcome))
        found[row.probe] = AuditRow(
            row.probe, row.tried, (*before.where, *row.where), worse.outcome, worse.layer, worse.why
        )
    return tuple(found.values())
