"""What every verb is given: the target at hand, and the person at the keyboard."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.targets import Target, target_for


@dataclass(frozen=True)
class Session:
    """One call of the command line.

    `ask` shows a question and returns the answer, or None where nobody can answer. `show` prints a line at once,
    for commands whose output is a stream.
    """

    context: Context
    arguments: argparse.Namespace
    config: Path | None
    ask: Callable[[str], str | None]
    show: Callable[[str], None]

    @property
    def target(self) -> Target:
        return target_for(self.context)
