"""Saves that a hub in a cluster makes by itself (hub.yaml's `saves.every`): a background program of this machine.

It runs where `up` was typed, because that is where the saved copies are and where the cluster may be spoken to. Like
the port-forward it outlives the terminal, ends with `stop`, and comes back with `up`, `start` or `open`.

Run as `python -m skrt_hub.targets.kubernetes.background.saver FILE`; FILE is the JSON document that Background
writes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.hub.applied import applied_settings
from skrt_hub.hub.log_ages import cut_old_lines
from skrt_hub.layout import Layout
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots import schedule
from skrt_hub.targets.duties import Duties
from skrt_hub.targets.kubernetes.background.program import Background, alone, duties
from skrt_hub.targets.kubernetes.cluster.connection import open_cluster
from skrt_hub.targets.kubernetes.homes.volumes import ClusterHomes

NAME = "saves"


def ensure(settings: Settings, layout: Layout) -> None:
    """Have it run where hub.yaml wants saves, and not where it does not."""
    own = program(layout)
    if not settings.saves.every:
        own.stop()
    elif not own.running:
        own.start({"state": str(layout.root)})


def note(settings: Settings, layout: Layout, *, hub_runs: bool) -> str:
    """What `status` says of the saves; nothing where all is well or none are wanted."""
    if hub_runs and settings.saves.every and not program(layout).running:
        return "No saves are made by themselves at present (since a restart of this machine?): skrt-hub open"
    return schedule.note(settings, layout)


def program(layout: Layout) -> Background:
    """It, running or not."""
    return Background(NAME, "skrt_hub.targets.kubernetes.background.saver", layout)


def main(words: list[str]) -> int:
    """Save when it is time, until a signal comes or hub.yaml wants no more saves."""
    document = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    layout = Layout(Path(document["told"]["state"]))
    if sys.platform != "win32":
        with suppress(OSError):
            os.nice(10)
    with alone(document) as only_one:
        if only_one:
            asyncio.run(_keep(layout, duties(document)))
    return 0


async def _keep(layout: Layout, saving: Duties) -> None:
    saving.begin("scheduled saves", partial(schedule.keep, partial(_wanted, layout), layout, partial(_save, layout)))
    await saving.done()


async def _save(layout: Layout) -> None:
    settings = _wanted(layout)
    if settings is not None:
        cut_old_lines(layout, settings.logs.keep)
        context = Context(settings, layout, Silent())
        print(schedule.run(context, lambda: ClusterHomes(open_cluster(context)), datetime.now(UTC)), flush=True)


def _wanted(layout: Layout) -> Settings | None:
    """The settings that `up` applied last, where they want saves."""
    settings = applied_settings(layout)
    return settings if settings is not None and settings.saves.every else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
