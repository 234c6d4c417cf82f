"""Saves that the hub makes by itself, as hub.yaml's `saves.every` says.

`keep` is the one rule for both targets. On one machine the supervisor follows it and, when it is time, runs a process
of its own, so that a large save takes nothing from the hub. For a hub in a cluster a background program on the
organiser's machine follows it and saves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.errors import SkrtHubError
from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.homes.access import Homes
from skrt_hub.layout import Layout
from skrt_hub.policy import patient_data
from skrt_hub.report import human_time
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots import saves_key
from skrt_hub.snapshots.copies import copies_of
from skrt_hub.snapshots.operations import run_save
from skrt_hub.snapshots.patients import is_asked, naming_patients

_AFTER_A_FAILURE = timedelta(minutes=15)
_LOOK_EVERY = 30.0  # seconds


def due(settings: Settings, layout: Layout, now: datetime) -> bool:
    """Whether it is time for the next save."""
    every = settings.saves.every
    if not every:
        return False
    last = _last(layout)
    tried = _time(last.get("tried"))
    saved = _time(last.get("saved"))
    if tried is not None and tried > (saved or tried - timedelta(1)) and now - tried < _AFTER_A_FAILURE:
        return now < tried  # a clock that was set back must not stop the saves
    return saved is None or now - saved >= timedelta(seconds=every) or saved > now


async def keep(wanted: Callable[[], Settings | None], layout: Layout, save: Callable[[], Awaitable[None]]) -> None:
    """Call `save` whenever it is time, as the settings say at that moment; until there are none."""
    while (settings := wanted()) is not None:
        if due(settings, layout, datetime.now(UTC)):
            await save()
        await asyncio.sleep(_LOOK_EVERY)


def run(context: Context, find_homes: Callable[[], Homes], now: datetime) -> str:
    """Save all homes to hub.yaml's place, and note how it went. Returns a line for the log."""
    settings, layout = context.settings, context.layout
    ensure_folder(layout.saves, mode=0o700)
    note = {**_last(layout), "tried": now.isoformat()}
    try:
        with copies_of(context, find_homes) as copies:
            if not note.get("saved") and not copies.homes.all():  # homes that are gone are another matter
                write_json(_file(layout), note, mode=0o600)
                return "there is nothing to save yet: nobody has a home"
            report = run_save(copies, [], settings.saves.place)
            found = naming_patients(copies) if is_asked(copies, settings.saves.place) else {}
    except SkrtHubError as error:
        write_json(_file(layout), {**note, "problem": f"{error.what} {error.why}".strip()}, mode=0o600)
        return f"the scheduled save failed: {error.what} {error.why}"
    files = sum(map(len, found.values()))
    warning = patient_data.warning(report.place, files, len(found))
    write_json(
        _file(layout),
        {"saved": now.isoformat(), "tried": now.isoformat(), "problem": "", "warning": warning},
        mode=0o600,
    )
    return f"saved {len(report.homes)} homes as {report.id} in {report.place}, {report.new} bytes new"


def note(settings: Settings, layout: Layout) -> str:
    """What `status` says of the scheduled saves; nothing where all is well or none are wanted."""
    last = _last(layout)
    if not settings.saves.every or not last.get("problem"):
        patients = last.get("warning", "") if settings.saves.every and patient_data.looks(settings) else ""
        return "\n".join(filter(None, (patients, saves_key.warning(settings, layout))))
    since = last.get("saved") or "never"
    return f"The last scheduled save failed: {last['problem']} The last good one: {human_time(str(since))}."


def _file(layout: Layout) -> Path:
    return layout.saves / "schedule.json"


def _last(layout: Layout) -> dict[str, str]:
    found = read_json(_file(layout))
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
