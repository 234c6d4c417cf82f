"""A kernel provisioner that asks the sandbox's warden for a forked kernel, and starts it plainly where there is none.

See "Kernel provisioning" in the documentation of jupyter_client. All but the start is as with Jupyter's own: the
kernel is a process of this sandbox, which the warden, its parent, reports the end of.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir
from tornado import web  # type: ignore[attr-defined]

from skrt_workspace.forkserver.kernels import Request
from skrt_workspace.sandbox.document import WARDEN_SOCKET_VARIABLE

_PATIENCE = 10.0
_PAUSE = 0.004
_WARMING = 60.0  # a warden that has ended is known at once; one that still imports is worth waiting for


class Declined(Exception):  # noqa: N818
    """The warden is not there, or cannot fork this kernel; the text says why."""


class ForkedKernel:
    """A forked kernel in the terms of `subprocess.Popen`, as far as provisioners use them."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, connection: socket.socket, arguments: list[str]) -> None:
        self.pid = pid
        self.args = arguments
        self.returncode: int | None = None
        self._connection = connection

    def poll(self) -> int | None:
        """The exit code, or None while the kernel runs."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self._learn_end()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._connection], [], [], left)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            self._learn_end()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the kernel is known to have ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel."""
        self.send_signal(signal.SIGKILL)

    def _learn_end(self) -> None:
        try:
            told = self._connection.recv(65536)
            self.returncode = int(json.loads(told)["exit"])
        except (OSError, ValueError, KeyError):  # the warden ends only with the sandbox
            self.returncode = -signal.SIGKILL
        self._connection.close()


class WardenProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Forks the kernel from the sandbox's warden; `launch_kernel` of the base class is the plain way."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the start. A folder that was renamed or removed meanwhile is no obstacle; a full one is told.

        Raises HTTPError, which the page shows.
        """
        if "cwd" in kwargs:
            kwargs["cwd"] = nearest(str(kwargs["cwd"]))
        try:
            found: dict[str, Any] = await super().pre_launch(**kwargs)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise web.HTTPError(507, full_words(error)) from None
        return found

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Launch the kernel. Returns its connection information."""
        try:
            self.process = await fork_kernel(cmd, kwargs)
        except Declined as reason:
            self.log.info("The kernel starts plainly: %s", reason)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.process.pid
        self.pgid = self.process.pid  # it is the leader of its own session
        self.cwd = kwargs.get("cwd", Path.cwd())
        await until_listening(self.process, self.connection_info)
        return self.connection_info


def nearest(folder: str) -> str:
    """The folder, or the nearest one above it that is there."""
    path = Path(folder)
    return str(next((one for one in (path, *path.parents) if one.is_dir()), Path.home()))


def full_words(error: OSError) -> str:
    """What is said where a kernel cannot start because something is full: what that is, and what to do."""
    place = Path(os.fsdecode(error.filename)).parent if error.filename else Path(jupyter_runtime_dir())
    return (
        f"The kernel cannot start: {place} is full. Remove files there that you do not need; what is in /tmp goes with "
        "`rm -r /tmp/*` in a terminal. Then start the kernel again."
    )


async def until_listening(kernel: ForkedKernel, connection: Mapping[str, Any]) -> None:
    """Return when the kernel's sockets are there, its end, or after some seconds.

    Jupyter's server asks a new kernel whether it is there, and again every half second: a kernel that is asked a moment
    before it listens costs its participant that half second.
    """
    if connection.get("transport") != "ipc":
        return
    names = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
    sockets = [Path(f"{connection['ip']}-{connection[name]}") for name in names]
    give_up = time.monotonic() + _PATIENCE
    while not all(path.exists() for path in sockets):
        if kernel.poll() is not None or time.monotonic() > give_up:
            return
        await asyncio.sleep(_PAUSE)


async def fork_kernel(command: list[str], options: dict[str, Any]) -> ForkedKernel:
    """Ask the warden for the kernel that this command would start. Raises Declined."""
    path = os.environ.get(WARDEN_SOCKET_VARIABLE)
    if not path:
        raise Declined("no warden in this sandbox")
    if not _is_usual(command):
        raise Declined(f"not the usual Python kernel: {command[:3]}")
    unusual = {"stdin", "stdout", "stderr", "preexec_fn", "pass_fds", "independent"} & {
        k for k, v in options.items() if v
    }
    if unusual:
        raise Declined(f"asked for with {sorted(unusual)}")
    variables = dict(options.get("env") or os.environ)
    folder = str(options.get("cwd") or Path.cwd())
    request = Request(tuple(command), variables, folder)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.settimeout(_PATIENCE)
        connection.connect(path)
        connection.send(request.to_json())
        answer = json.loads(await _answer(connection))
        if "pid" not in answer:
            raise Declined(str(answer.get("declined")))
    except (OSError, ValueError) as error:
        connection.close()
        raise Declined(f"the warden does not answer: {error or type(error).__name__}") from None
    except Declined:
        connection.close()
        raise
    return ForkedKernel(answer["pid"], connection, command)


async def _answer(connection: socket.socket) -> bytes:
    """What the warden answers. In a pod it may still be importing; the server answers its pages meanwhile."""
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        return await asyncio.wait_for(loop.sock_recv(connection, 65536), _WARMING)
    finally:
        connection.setblocking(True)


def _is_usual(command: list[str]) -> bool:
    return command[:4] == [sys.executable, "-m", "ipykernel_launcher", "-f"] and len(command) == 5
