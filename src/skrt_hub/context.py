"""What a call works with: the hub's settings and folder, and where long work is reported."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.files import exclusive
from skrt_hub.hub import hub_yaml
from skrt_hub.layout import Layout
from skrt_hub.progress import Progress
from skrt_hub.settings.model import Settings

BUSY = "Another skrt-hub command works on this hub."
WAIT = "Wait for its end, then run the command again."


@dataclass(frozen=True)
class Context:
    """The hub at hand. echo: is told each program that is run. bundle: a file from which packages come, if any.

    config: the hub.yaml that was read; None for the defaults.
    """

    settings: Settings
    layout: Layout
    progress: Progress
    echo: Callable[[str], None] | None = None
    bundle: Path | None = None
    config: Path | None = None

    def note_file(self) -> None:
        """Keep beside the settings that were applied now which hub.yaml they are from."""
        hub_yaml.note(self.layout, self.config)

    def alone(self) -> AbstractContextManager[None]:
        """Hold the hub's lock: commands that change it take turns. Raises BusyError where another one works on it."""
        return exclusive(self.layout.command_lock, what=BUSY, remedy=WAIT)
