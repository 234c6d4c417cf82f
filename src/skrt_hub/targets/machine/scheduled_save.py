"""The program of one scheduled save on this machine: `python -m skrt_hub.targets.machine.scheduled_save STATE`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.homes.on_machine import MachineHomes
from skrt_hub.hub.applied import read_applied
from skrt_hub.layout import Layout
from skrt_hub.progress import Silent
from skrt_hub.snapshots import schedule


def main() -> int:
    """Make one scheduled save of the hub in the folder that is the first argument."""
    layout = Layout(Path(sys.argv[1]))
    applied = read_applied(layout)
    if applied is None:
        return 1
    with suppress(OSError):
        os.nice(10)
    context = Context(applied.settings, layout, Silent())
    print(schedule.run(context, lambda: MachineHomes(layout), datetime.now(UTC)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
