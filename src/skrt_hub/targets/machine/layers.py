"""Which protections this kernel and this user have, found by trying each; `check` and `audit` tell what is missing."""

from __future__ import annotations

from skrt_hub.hub import control_groups, kinds
from skrt_hub.settings.model import Settings


def missing(settings: Settings) -> tuple[str, ...]:
    """The layers that do not hold here, each with what that means."""
    if settings.sandbox == "none":
        return ("sandbox: switched off in hub.yaml, so nothing keeps participants apart",)
    found = kinds.tried(settings.sandbox)
    words = [] if found.works else [f"sandbox: {found.reason}"]
    words += found.notes
    if control_groups.version() is None:
        words.append(
            "control groups: this user may make none, so the hub watches memory itself, once a second, and processors "
            "are shared by weight only"
        )
    return tuple(words)
