"""Which protections this kernel and this user have, found by trying each; `check` and `audit` tell what is missing."""

from __future__ import annotations

from skrt_hub.files import read_json
from skrt_hub.hub import control_groups, delegation, kinds
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings


def missing(settings: Settings, layout: Layout) -> tuple[str, ...]:
    """The layers that do not hold here, each with what that means."""
    if settings.sandbox == "none":
        return ("sandbox: switched off in hub.yaml, so nothing keeps participants apart",)
    found = kinds.tried(settings.sandbox)
    words = [] if found.works else [f"sandbox: {found.reason}"]
    words += found.notes
    if words_of_groups := _without_groups(layout):
        words.append(words_of_groups)
    return tuple(words)


def _without_groups(layout: Layout) -> str:
    """Why limits are counted and not enforced, in the hub that runs, or in one that would be started now."""
    supervisor = (read_json(layout.expected) or {}).get("pid")
    if supervisor is not None and control_groups.version(process=supervisor) is not None:
        return ""
    way = delegation.tried()
    if supervisor is None and (way.before or control_groups.version() is not None):
        return ""
    why = f" ({way.why})" if way.why else " (it was started before this could be had: skrt-hub stop, skrt-hub start)"
    words = (
        f"control groups: the hub can make none{why}, so it watches memory itself, once a second, and processors are "
        "shared by weight only"
    )
    return f"{words}. {way.remedy}".rstrip()
