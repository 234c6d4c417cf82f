"""A Helm that still works although the command that started it was killed: it is waited for, not fought."""

from __future__ import annotations

import time

import psutil

from skrt_hub.errors import BusyError
from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.layout import Layout
from skrt_hub.progress import Progress

PATIENCE = 300.0


def remember(layout: Layout, pid: int) -> None:
    """Write down the process that Helm runs in."""
    ensure_folder(layout.run, mode=0o700)
    write_json(layout.run / "helm.json", {"pid": pid, "began": psutil.Process(pid).create_time()}, mode=0o600)


def wait_for_helm(layout: Layout, progress: Progress) -> None:
    """Wait until the Helm of a killed command has ended. Raises BusyError when it goes on for too long."""
    document = read_json(layout.run / "helm.json")
    if not isinstance(document, dict) or not _alive(document):
        return
    with progress.step("an interrupted command's Helm to end"):
        end = time.monotonic() + PATIENCE
        while _alive(document):
            if time.monotonic() > end:
                raise BusyError(
                    "A Helm that an interrupted command left still works on this hub.",
                    why=f"Its process number is {document['pid']}.",
                    remedy="Wait for its end, or end it, then run the command again.",
                )
            time.sleep(0.3)


def _alive(document: dict[str, float]) -> bool:
    try:
        process = psutil.Process(int(document["pid"]))
        # The number alone could belong to another program by now.
        return bool(process.create_time() == document["began"] and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, KeyError, ValueError):
        return False
