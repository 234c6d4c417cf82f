"""A throw-away participant of a hub on this machine, and things laid out that nobody in a sandbox may reach."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from skrt_hub.context import Context
from skrt_hub.errors import StartError, StateError
from skrt_hub.hub import door
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.certificate import trust
from skrt_hub.hub.names import Places
from skrt_hub.hub.participant_folders import prepare_folders
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.hub.visitors import Gate
from skrt_hub.layout import Layout
from skrt_hub.policy import profiles
from skrt_hub.process import start
from skrt_hub.targets.guest import PREFIX, Guest, account
from skrt_hub.targets.machine import control, layers, participants

_START_DEADLINE = 300.0
_END_DEADLINE = 60.0


@contextlib.contextmanager
def guest(context: Context, applied: Applied) -> Iterator[Guest]:
    """A participant with a server, while this lasts. Raises StateError where the hub lets nobody in."""
    state = control.ask(context.layout.control_socket, "status")
    if state is None or state["state"] != "running":
        raise StateError(
            "The hub does not run, or is closed.",
            why="It is attacked through its public address, as others would.",
            remedy="Run: skrt-hub up, or: skrt-hub open",
        )
    name = f"{PREFIX}{secrets.token_hex(4)}"
    hub = _Interface(context.layout)
    with contextlib.ExitStack() as stack:
        facts = _lay_out(stack, context.layout, applied, name)
        stack.enter_context(account(partial(participants.ask, context.layout), name))
        stack.callback(_remove, hub, context.layout, name)
        hub.ask("POST", f"/users/{name}")
        hub.start_server(name)
        token = str(hub.ask("POST", f"/users/{name}/tokens", {"expires_in": 3600})["token"])
        runs_as = "root" if applied.root else "an ordinary user"
        missing = layers.missing(applied.settings, context.layout)
        revive = partial(hub.start_server, name)
        known = trust(context.layout, applied.settings)
        host = urlsplit(applied.settings.public_url).netloc if applied.settings.participant_url else ""
        server = f"{name}.{host}" if host else ""
        yield Guest(name, applied.settings.url, token, facts, runs_as, revive, missing, known, host, server)


class _Interface:
    """JupyterHub's interface, with the commands' own token."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._token = read_secrets(layout.secrets).command

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One call. Raises StartError for a refusal, DoorError's words in it."""
        try:
            return door.ask(self._layout, method, path, token=self._token, body=body, deadline=60)
        except door.DoorError as error:
            raise StartError(
                f"The hub did not carry out {method} {path}.", why=str(error), remedy="See: skrt-hub logs hub"
            ) from None

    def start_server(self, name: str) -> None:
        """Start the server, ending what is left of one before; returns when it is ready. Raises StartError."""
        with contextlib.suppress(StartError):
            self.ask("DELETE", f"/users/{name}/server")
        self._until(name, lambda user: not user["servers"] and not user.get("pending"), _END_DEADLINE)
        self.ask("POST", f"/users/{name}/server")
        self._until(name, lambda user: bool(user["servers"].get("", {}).get("ready")), _START_DEADLINE)

    def _until(self, name: str, so: Callable[[Any], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if so(self.ask("GET", f"/users/{name}")):
                return
            time.sleep(0.3)
        raise StartError("The throw-away participant's server did not start.", remedy="See: skrt-hub logs hub")

    def delete_user(self, name: str) -> None:
        """End the server and take the name out; patient with one that is still starting or ending."""
        deadline = time.monotonic() + _END_DEADLINE
        while time.monotonic() < deadline:
            try:
                door.ask(self._layout, "DELETE", f"/users/{name}", token=self._token)
            except door.DoorError as error:
                if error.status == 404:
                    return
                time.sleep(0.5)
            else:
                return


def _remove(hub: _Interface, layout: Layout, name: str) -> None:
    assert name.startswith(PREFIX)
    hub.delete_user(name)
    _remove_files(layout, name)


def _remove_files(layout: Layout, name: str) -> None:
    places = Places(layout.folders)
    place = places.find(name)
    if place is not None:
        for folder in (layout.home(place.folder), layout.notices(place.folder)):
            shutil.rmtree(folder, ignore_errors=True)
        layout.server_log(place.folder).unlink(missing_ok=True)
        places.forget(name)


def _lay_out(stack: contextlib.ExitStack, layout: Layout, applied: Applied, name: str) -> dict[str, Any]:
    """What the participant will look for: another home, a service on loopback, a process, a file, a socket."""
    nonce = secrets.token_hex(8)
    other = f"{PREFIX}{secrets.token_hex(4)}"
    place = Places(layout.folders).ensure(other)
    stack.callback(_remove_files, layout, other)
    prepare_folders(layout, place, root=applied.root)
    diary = layout.home(place.folder) / "diary.txt"
    diary.write_text(nonce, encoding="ascii")
    diary.chmod(0o644)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="skrt-hub-audit-")))
    folder.chmod(0o755)
    (folder / "note.txt").write_text(nonce, encoding="ascii")
    process = start((sys.executable, "-I", "-c", "import time; time.sleep(3600)", f"skrt-audit-{nonce}"))
    stack.callback(process.wait)
    stack.callback(process.kill)
    gate = Gate(read_secrets(layout.secrets).proxy)
    limits, ports = profiles.usual(applied.settings).limits, applied.ports
    return {
        "nonce": nonce,
        "other_file": str(diary),
        "secrets": str(layout.secrets / "cookie"),
        "database": str(layout.database),
        "accounts": str(layout.accounts),
        "temporary_file": str(folder / "note.txt"),
        "control_socket": str(layout.control_socket),
        "fork_server_socket": str(layout.fork_server_socket()),
        "abstract_socket": _listen_abstractly(stack, nonce),
        "host_pid": process.pid,
        "loopback_port": _listen_on_loopback(stack),
        "listeners": [["127.0.0.1", ports.proxy, "/api/overview"], ["127.0.0.1", ports.hub, "/hub/api/users"]],
        "hub_ports": [applied.settings.port, ports.hub, ports.proxy, ports.assets],
        "marks_of_another": f"{gate.cookie}={gate.mark(other)}",
        "metadata_answers": _answers("169.254.169.254", 80),
        "memory_limit": limits.memory,
        "memory_available": psutil.virtual_memory().available,
        "processes_limit": limits.processes,
        "internet_allowed": bool(getattr(limits, "internet", True)),
    }


def _listen_on_loopback(stack: contextlib.ExitStack) -> int:
    """A service as organisers have them on their machines, for IPv4 and IPv6; its port."""
    first = stack.enter_context(socket.socket())
    first.bind(("127.0.0.1", 0))
    first.listen()
    port = int(first.getsockname()[1])
    with contextlib.suppress(OSError):  # no IPv6 here, or the number is taken there
        second = stack.enter_context(socket.socket(socket.AF_INET6))
        second.bind(("::1", port))
        second.listen()
    return port


def _listen_abstractly(stack: contextlib.ExitStack, nonce: str) -> str:
    name = f"skrt-audit-{nonce}"
    listener = stack.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind(f"\0{name}")
    listener.listen()
    thread = threading.Thread(target=_accept, args=(listener,), daemon=True)
    thread.start()
    return name


def _accept(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.close()


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True
