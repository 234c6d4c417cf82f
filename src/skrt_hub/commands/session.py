"""What every verb is given: the target at hand, and the person at the keyboard."""

from __future__ import annotations

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
    config: Path | None
    as_json: bool
    ask: Callable[[str], str | None]
    show: Callable[[str], None]

    @property
    def target(self) -> Target:
        return target_for(self.context)

    def which_hub(self, here: Path) -> str:
        """One line that says which hub is meant, and by which hub.yaml."""
        hub = f"Hub “{self.context.settings.name}”"
        if self.config is None:
            return f"{hub}, with the defaults: there is no hub.yaml in {here}"
        return f"{hub}, as {here / self.config} says"
