"""JupyterHub's program begun ahead: it imports what it needs, and waits for what it is to listen on.

Half of the time until the log-in page are imports. While this process does them on one processor, the supervisor does
its own on another. Nothing is imported here that would make the supervisor late: it begins this process first.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from skrt_hub import sockets
from skrt_hub.process import Program, start
from skrt_workspace.sandbox import kernel as system
from skrt_workspace.sandbox.identity import identify

MODULE = "skrt_hub.hub"
WAIT = "--wait"
"""The option with which that program waits; then comes the number of the socket by which it is told."""
STATE_VARIABLE = "SKRT_HUB_STATE"
LISTENERS_VARIABLE = "SKRT_HUB_LISTENERS"
"""The sockets that JupyterHub is given, by their names, and the proxy's entry points (skrt_hub.hub.given)."""


class Ahead:
    """The process that waits, and the socket by which it is told."""

    def __init__(self, process: Program[bytes], channel: socket.socket) -> None:
        self._process = process
        self._channel = channel

    def become(
        self, command: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]
    ) -> Running | None:
        """Let it be this program with these open files from now on; None where that one must be started as ever."""
        begin = (sys.executable, "-m", MODULE)
        with self._channel:
            if tuple(command[: len(begin)]) != begin or self._process.poll() is not None:
                return None
            order = {"arguments": list(command[len(begin) :]), "environment": dict(environment)}
            try:
                sockets.send(self._channel, {**order, "descriptors": list(descriptors)}, descriptors)
            except OSError:
                return None
        return Running(self._process)


class Running:
    """The process once it has become JupyterHub, as `asyncio.subprocess.Process` would show it."""

    def __init__(self, process: Program[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        from skrt_hub.hub.starting import until_ended  # noqa: PLC0415 - not before JupyterHub is begun

        while (code := self._process.poll()) is None:
            await until_ended(identify(self.pid))
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it."""
        self._process.kill()


def begin(root: Path) -> Ahead | None:
    """Begin the JupyterHub of this state folder; None where it cannot be: then it is started when it is its turn."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Python's own variables would reach into JupyterHub, and are not among those that it is told later.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with theirs:
        try:
            log = os.open(root / "log" / "hub.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError:  # no folder yet, or a full disk
            ours.close()
            return None
        try:
            process = start(
                (sys.executable, "-m", MODULE, WAIT, str(theirs.fileno())),
                stdout=log,
                stderr=log,
                env={**variables, "PYTHONUNBUFFERED": "1", STATE_VARIABLE: str(root)},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                preexec_fn=partial(system.process_control, system.PR_SET_PDEATHSIG, signal.SIGTERM),
                cwd="/",
            )
        finally:
            os.close(log)
    return Ahead(process, ours)


def wait_for_order(channel: socket.socket) -> list[str]:
    """In the process that waits: its arguments, once it is told to go on. Exits where the supervisor has ended.

    Its variables are then the ones it was told, with the numbers that the given sockets have here.
    """
    with channel:
        heard = sockets.receive(channel)
    if heard is None:
        sys.exit(0)
    order, received = heard
    here = dict(zip(order["descriptors"], received, strict=True))
    os.environ.clear()
    os.environ.update(order["environment"])
    given = json.loads(os.environ[LISTENERS_VARIABLE])
    given["sockets"] = {name: here[number] for name, number in given["sockets"].items()}
    os.environ[LISTENERS_VARIABLE] = json.dumps(given)
    arguments: list[str] = order["arguments"]
    return arguments
