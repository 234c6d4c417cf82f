"""The participants' servers that run now, read from the records that the spawner leaves in the run folder."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from skrt_hub.files import read_json
from skrt_hub.layout import Layout
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive, send_signal


@dataclass(frozen=True)
class RunningServer:
    """One participant's server: its first process, its limits, and the environments it was started with."""

    name: str
    folder: str
    identity: ProcessIdentity
    memory_limit: int
    environment: Path
    port: int = 0
    profile: str = ""
    shared: Mapping[str, str] = field(default_factory=dict)
    others: tuple[Path, ...] = ()


def end_companion(record: dict[str, Any]) -> None:
    """End the program that led a sandbox to the internet."""
    if record.get("companion"):
        send_signal(ProcessIdentity(**record["companion"]), signal.SIGTERM)


def running_servers(layout: Layout) -> tuple[RunningServer, ...]:
    """Every server whose first process is alive; records of others are removed."""
    found = []
    for file in sorted((layout.run / "servers").glob("*.json")):
        record = read_json(file) or {}
        try:
            identity = ProcessIdentity(**record["process"])
            server = RunningServer(
                record["name"],
                file.stem,
                identity,
                int(record["memory_limit"]),
                Path(record["environment"]),
                int(record.get("port", 0)),
                str(record.get("profile", "")),
                dict(record.get("shared", {})),
                tuple(map(Path, record.get("others", ()))),
            )
        except (KeyError, TypeError, ValueError):
            continue
        if is_alive(identity):
            found.append(server)
        else:
            end_companion(record)
            file.unlink(missing_ok=True)
    return tuple(found)


def started(identity: ProcessIdentity) -> str | None:
    """When a server's first process started; None where it ended just now."""
    with contextlib.suppress(psutil.Error):
        return datetime.fromtimestamp(psutil.Process(identity.pid).create_time(), UTC).isoformat(timespec="seconds")
    return None
