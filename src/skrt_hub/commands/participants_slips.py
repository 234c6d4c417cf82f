"""The slips that `participants sheet` and `participants reset` write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from skrt_hub.api import Hub
from skrt_hub.errors import RefusedError, UsageError
from skrt_hub.files import named_with, write_atomically
from skrt_hub.hub.applied import read_applied
from skrt_hub.report import Message, Participant
from skrt_hub.settings.model import Settings
from skrt_hub.slips.slip import Slip


def ensure_codes(settings: Settings) -> None:
    """Raises RefusedError where people do not log in with codes."""
    if settings.login.kind != "codes":
        raise RefusedError(
            f"This hub has no one-time codes: participants log in by {settings.login.kind}.",
            remedy="Write `login: codes` in hub.yaml and run `skrt-hub up`, then try again.",
        )


def write_slips(hub: Hub, to: Path, people: Sequence[Participant], codes: Mapping[str, str]) -> Message:
    """Write the slips of these people to a file that only the organiser can read. Raises UsageError for its ending."""
    slips = hub.slips(people, codes)
    content, notes = _rendered(hub, slips, to)
    with named_with("--to"):
        write_atomically(to, content, mode=0o600)
    told = f"{len(slips)} slip{'s' * (len(slips) != 1)} with new codes, older ones are void: {to}"
    return Message(
        (told, "Whoever has a slip can log in with it: only you can read the file. Print it, then remove it.", *notes)
    )


def _rendered(hub: Hub, slips: Sequence[Slip], to: Path) -> tuple[bytes, tuple[str, ...]]:
    ending = to.suffix.lower()
    if ending == ".json":
        return json.dumps([slip.as_json() for slip in slips], indent=2, ensure_ascii=False).encode() + b"\n", ()
    if ending == ".html":
        from skrt_hub.slips import page  # noqa: PLC0415

        return page.render(slips).encode(), ()
    if ending != ".pdf":
        raise UsageError(f"{to} must end in .pdf, .html or .json.", remedy="Type for example: --to slips.pdf")
    from skrt_hub.slips import pdf  # noqa: PLC0415 - reportlab takes half a second

    content, lacking = pdf.render(slips, _fonts(hub))
    lost = ", ".join(lacking[:5])
    note = f"The PDF's font lacks letters of: {lost}. Write the slips as .html, and print them from a browser."
    return content, (note,) if lacking else ()


def _fonts(hub: Hub) -> list[Path]:
    """matplotlib brings a font with many letters; the participants' environment has it."""
    applied = read_applied(hub.context.layout) if hub.context.settings.target == "machine" else None
    return (
        []
        if applied is None
        else sorted(applied.environment.glob("lib/python3*/site-packages/matplotlib/**/DejaVuSans.ttf"))
    )
