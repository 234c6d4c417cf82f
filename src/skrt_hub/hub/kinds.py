"""Which kind of sandbox participants get here: found by trying, once in each program."""

from __future__ import annotations

from functools import cache

from skrt_hub.settings.model import Settings
from skrt_workspace.sandbox.document import LANDLOCK, NAMESPACES, NONE
from skrt_workspace.sandbox.probe import ProbeResult, probe


@cache
def tried(wanted: str) -> ProbeResult:
    """What came of making a sandbox; where `wanted` is NAMESPACES and these are refused, of the other kind."""
    return probe(kind=LANDLOCK if wanted == LANDLOCK else NAMESPACES)


def kind(settings: Settings) -> str:
    """NAMESPACES, LANDLOCK or NONE. Where no kind works it is what hub.yaml asks for, and each start says why not."""
    if settings.sandbox == NONE:
        return NONE
    found = tried(settings.sandbox)
    return found.kind if found.works else settings.sandbox
