"""What a call works with: the hub's settings and folder, and where long work is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from skrt_hub.layout import Layout
from skrt_hub.progress import Progress
from skrt_hub.settings.model import Settings


@dataclass(frozen=True)
class Context:
    """The hub at hand. `echo`, where there is one, is told each program that is run."""

    settings: Settings
    layout: Layout
    progress: Progress
    echo: Callable[[str], None] | None = None
