"""What a supervisor leaves when it is killed: its parts, noted by pid and start time, and the participants' servers."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Mapping

from skrt_hub.files import read_json, write_json
from skrt_hub.hub import control_groups
from skrt_hub.layout import Layout
from skrt_hub.targets.machine.records import running_servers
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive, send_signal, wait_ended

_PATIENCE = 3.0
_SERVERS_PATIENCE = 10.0


def note(layout: Layout, parts: Mapping[str, ProcessIdentity]) -> None:
    """Write down the parts that run now."""
    write_json(layout.parts, {name: identity.as_dict() for name, identity in parts.items()}, mode=0o600)


def end(layout: Layout, log: logging.Logger | None = None) -> tuple[str, ...]:
    """End those that still run; returns their names. Two hubs on one database must never be."""
    noted = read_json(layout.parts) or {}
    running = {}
    for name, words in noted.items():
        try:
            identity = ProcessIdentity(**words)
        except TypeError:
            continue
        if is_alive(identity):
            running[name] = identity
            send_signal(identity, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    for name, identity in running.items():
        if not wait_ended(identity, deadline - time.monotonic()):
            send_signal(identity, signal.SIGKILL)
            wait_ended(identity, 1.0)
        if log is not None:
            log.warning("%s, left by the supervisor before, was ended (pid %d)", name, identity.pid)
    layout.parts.unlink(missing_ok=True)
    return tuple(running)


def end_servers(layout: Layout) -> int:
    """End every participant's server, which saves its state first; returns how many there were."""
    servers = running_servers(layout)
    for server in servers:
        send_signal(server.identity, signal.SIGTERM)
    deadline = time.monotonic() + _SERVERS_PATIENCE
    for server in servers:
        if not wait_ended(server.identity, deadline - time.monotonic()):
            send_signal(server.identity, signal.SIGKILL)
            wait_ended(server.identity, 1.0)
    control_groups.remove_all(layout.root)
    running_servers(layout)  # their records go, and what belonged to them
    return len(servers)
