"""The background port-forward of one hub: starting, finding and ending it (see forwarder.py)."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from skrt_hub import computer
from skrt_hub.errors import StartError
from skrt_hub.files import ensure_folder
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.background.program import Background
from skrt_hub.targets.kubernetes.cluster.kubectl import Kubectl
from skrt_hub.targets.port import ensure_port_is_free
from skrt_workspace import system

SERVICE = "proxy-public"
"""The chart's service that browsers reach, with whatever `access`."""
NAME = "port-forward"


def running(layout: Layout) -> bool:
    """Whether this hub's port-forward runs."""
    return program(layout).running


def start(settings: Settings, layout: Layout, kubectl: Kubectl) -> bool:
    """Start it where it does not run, or runs with other settings; returns whether it was started.

    Raises PortTakenError where another program has the port.
    """
    refuse_here()
    own = program(layout)
    told = {
        "kubectl": list(kubectl.arguments()),
        "namespace": kubectl.namespace,
        "address": settings.address,
        "port": settings.port,
        "socket": _socket(layout),
    }
    if own.runs_with(told):
        return False
    own.stop()
    ensure_port_is_free(settings)
    own.start(told)
    require_running(layout)
    return True


def require_port(settings: Settings, layout: Layout) -> None:
    """Raises PortTakenError where another program has the port that it would take."""
    if program(layout).told("port") != settings.port:
        ensure_port_is_free(settings)


def refuse_here() -> None:
    """Raises PrerequisiteError on Windows."""
    computer.need_unix(
        "`access: port-forward`",
        "The way to the cluster is a socket with a name, which nobody else on this computer can use.",
        "Write `access: load-balancer` below kubernetes in hub.yaml (Docker Desktop and clouds have one), "
        "or type skrt-hub in WSL 2 (docs/how-to/windows.md).",
    )


def last_words(layout: Layout) -> str:
    """The end of its log."""
    return program(layout).last_words()


def require_running(layout: Layout) -> None:
    """Raises StartError, with its last words, where it ended by itself."""
    if not running(layout):
        raise StartError(
            "The connection to the hub in the cluster ended at once.",
            why=last_words(layout),
            remedy="Run the command again; `skrt-hub logs port-forward` shows its log.",
        )


def program(layout: Layout) -> Background:
    """It, running or not."""
    return Background(NAME, "skrt_hub.targets.kubernetes.background.forwarder", layout)


def _socket(layout: Layout) -> str:
    """Where `kubectl proxy` listens. A socket's path has at most 107 bytes (unix(7)), and state folders may be deep."""
    path = str(layout.run / "kube.sock")
    if len(path.encode()) < 100:
        return path
    folder = Path(tempfile.gettempdir(), f"skrt-hub-{system.user()}")
    ensure_folder(folder, mode=0o700)
    if folder.stat().st_uid != system.user():
        raise StartError(f"{folder} belongs to somebody else.", remedy="Choose a shorter state folder with --state.")
    return str(folder / f"{hashlib.sha256(path.encode()).hexdigest()[:16]}.sock")
