"""What a step of the self-test says: a row of the table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["ok", "failed", "skipped"]


class StepFailedError(Exception):
    """A step found something wrong; `numbers` are what it measured until then."""

    def __init__(self, detail: str, numbers: dict[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.numbers = numbers or {}


class StepSkippedError(Exception):
    """A step does not apply here; the message says why."""


@dataclass(frozen=True)
class Found:
    """What a step that went well found: a sentence, and the numbers behind it."""

    detail: str
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of the table. `detail` says what was seen, or what is wrong, or why the step was skipped."""

    name: str
    verdict: Verdict
    seconds: float
    detail: str
    numbers: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The row as plain data for JSON."""
        return asdict(self)


def require(true: bool, sentence: str, numbers: dict[str, Any]) -> None:
    """Fail the step with this sentence unless it is true."""
    if not true:
        raise StepFailedError(sentence, numbers)
