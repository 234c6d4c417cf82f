"""Starting, finding and ending the background port-forward of one hub.

Whether it runs is told by the lock it holds, never by a number in a file alone: numbers are given to other programs
after a reboot.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skrt_hub.errors import StartError
from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.kubectl import Kubectl
from skrt_hub.targets.port import ensure_port_is_free

SERVICE = "proxy-public"
"""The chart's service that browsers reach, with whatever `access`."""


def running(layout: Layout) -> bool:
    """Whether this hub's port-forward runs."""
    path = _lock(layout)
    if not path.exists():
        return False
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def start(settings: Settings, layout: Layout, kubectl: Kubectl) -> bool:
    """Start it where it does not run, or runs with other settings; returns whether it was started.

    Raises PortTakenError where another program has the port.
    """
    document = {
        "kubectl": list(kubectl.arguments()),
        "namespace": kubectl.namespace,
        "address": settings.address,
        "port": settings.port,
        "lock": str(_lock(layout)),
        "socket": _socket(layout),
    }
    if running(layout):
        if (read_json(_document(layout)) or {}).get("settings") == document:
            return False
        stop(layout)
    for folder in (layout.root, layout.run, layout.log):
        ensure_folder(folder, mode=0o700)
    ensure_port_is_free(settings)
    write_json(_document(layout), {**document, "settings": document}, mode=0o600)
    with _log(layout).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "skrt_hub.targets.kubernetes.forwarder", str(_document(layout))],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C and a closed terminal end the command, not this
            cwd="/",
        )
    write_json(_document(layout), {**document, "settings": document, "pid": process.pid}, mode=0o600)
    end = time.monotonic() + 10
    while not running(layout) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    require_running(layout)
    return True


def stop(layout: Layout) -> bool:
    """End it; returns whether it ran."""
    if not running(layout):
        return False
    pid = (read_json(_document(layout)) or {}).get("pid")
    if not isinstance(pid, int):
        return False
    os.kill(pid, signal.SIGTERM)  # the lock is held, so the number is still that program's
    end = time.monotonic() + 15
    while running(layout):
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            end = time.monotonic() + 5
        time.sleep(0.05)
    return True


def last_words(layout: Layout, lines: int = 5) -> str:
    """The end of its log."""
    path = _log(layout)
    if not path.exists():
        return ""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def require_running(layout: Layout) -> None:
    """Raises StartError, with its last words, where it ended by itself."""
    if not running(layout):
        raise StartError(
            "The connection to the hub in the cluster ended at once.",
            why=last_words(layout),
            remedy="Run the command again; `skrt-hub logs port-forward` shows its log.",
        )


def _lock(layout: Layout) -> Path:
    return layout.run / "port-forward.lock"


def _socket(layout: Layout) -> str:
    """Where `kubectl proxy` listens. A socket's path has at most 107 bytes (unix(7)), and state folders may be deep."""
    path = str(layout.run / "kube.sock")
    if len(path.encode()) < 100:
        return path
    folder = Path(tempfile.gettempdir(), f"skrt-hub-{os.getuid()}")
    ensure_folder(folder, mode=0o700)
    if folder.stat().st_uid != os.getuid():
        raise StartError(f"{folder} belongs to somebody else.", remedy="Choose a shorter state folder with --state.")
    return str(folder / f"{hashlib.sha256(path.encode()).hexdigest()[:16]}.sock")


def _document(layout: Layout) -> Path:
    return layout.run / "port-forward.json"


def _log(layout: Layout) -> Path:
    return layout.log / "port-forward.log"
