"""Notebooks of a known collection that take more memory than a server may use: told before a kernel is ended by it."""

from __future__ import annotations

import importlib

from skrt_hub.policy import profiles
from skrt_hub.settings.model import Settings


def notes(settings: Settings) -> tuple[str, ...]:
    """A sentence for each collection with such notebooks."""
    most = profiles.greatest(settings).limits.memory
    wanted = [entry.collection for entry in settings.material if entry.collection]
    known = importlib.import_module("skrt_workspace.collections").COLLECTIONS if wanted else {}
    lines = []
    for name in wanted:
        large = [book for book in known[name].notebooks if book.memory_gb * 10**9 > most] if name in known else []
        if large:
            named = " and ".join(f"{book.file.removesuffix('.ipynb')} ({book.memory_gb:g} GB)" for book in large)
            enough = max(book.memory_gb for book in large) + 0.7
            lines.append(
                f"material {name}: {named} take more memory than the {most / 10**9:g} GB that a server may use, and "
                f"their kernels are ended. Write limits: {{memory: {enough:.0f} GB}}"
            )
    return tuple(lines)
