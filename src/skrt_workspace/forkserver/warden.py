"""The warden: pid 1 of a sandbox that came from the fork server. It forks the Jupyter server, and kernels on request.

SECURITY: requests come through a socket inside the sandbox, from processes with the same rights as the warden has.
What it forks is in the same sandbox; there is nothing to gain from asking it.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from skrt_workspace import server, server_command
from skrt_workspace.forkserver import kernels, mends, process_title
from skrt_workspace.forkserver.variables import Record
from skrt_workspace.sandbox import kernel as system
from skrt_workspace.sandbox import plain, walls
from skrt_workspace.sandbox.document import WARDEN_SOCKET_INSIDE, WARDEN_SOCKET_VARIABLE, SandboxDocument
from skrt_workspace.sandbox.enter import LISTENER, READY, close_listener
from skrt_workspace.sandbox.init import Init

_LONGEST_REQUEST = 1 << 20


def make_first_process(record: Record) -> Callable[[SandboxDocument, int], None]:
    """The first process for `sandbox.enter.start`: a warden, whose server is forked where the document allows it."""

    def first_process(document: SandboxDocument, status: int) -> None:
        process_title.show((f"skrt-hub-sandbox ({document.hostname})",), {})
        init = Init(isolated=document.isolated, confined=document.confined)
        warden = Warden(init, record, _socket_path(document))
        variables = {**document.environment, WARDEN_SOCKET_VARIABLE: warden.path}
        pid = init.fork(_server(replace(document, environment=variables), record, status))
        close_listener()
        os.write(status, READY)
        os.close(status)
        init.run(pid)

    return first_process


def _server(document: SandboxDocument, record: Record, status: int) -> Callable[[], None]:
    """What the server's process does: Jupyter's server in it, or the document's command in its place."""
    arguments = server_command.arguments_of(document.command, sys.executable)
    obstacle = "it is another program" if arguments is None else record.obstacle(document.environment)
    if arguments is None or obstacle is not None:
        say(f"the server starts plainly: {obstacle}")
        return lambda: plain.execute(document, status)
    spec = mends.ProcessSpec(document.command, document.environment, str(Path.cwd()))
    return lambda: serve(spec, arguments)


def serve(spec: mends.ProcessSpec, arguments: list[str], leave_out: frozenset[str] = frozenset()) -> None:
    """Become the participant's Jupyter server; runs in the child."""
    system.close_descriptors({0, 1, 2, LISTENER})
    mends.apply(spec, leave_out=leave_out | {"threads"})  # a server computes nothing
    server.run(arguments)


def say(message: str) -> None:
    """A line in the server's log."""
    os.write(2, f"skrt-hub: {message}\n".encode(errors="replace"))


def _socket_path(document: SandboxDocument) -> str:
    if document.confined and document.user is not None:
        return str(walls.own_place(document.user) / "warden.sock")
    return WARDEN_SOCKET_INSIDE if document.isolated else own_socket()


def own_socket() -> str:
    """A new path for the socket, in a folder that only this user reaches."""
    return str(Path(tempfile.mkdtemp(prefix="skrt-warden-"), "warden.sock"))


class Warden:
    """Answers the requests for kernels in the loop of `init`."""

    def __init__(self, init: Init, record: Record, path: str) -> None:
        self.path = path
        self._init = init
        self._record = record
        self._waiting: dict[int, socket.socket] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mask = os.umask(0o177)
        try:
            self._listener.bind(path)
        finally:
            os.umask(mask)
        self._listener.listen(64)
        self._listener.setblocking(False)
        init.selector.register(self._listener, selectors.EVENT_READ, self._accept)
        init.ended = self._tell_end

    def close(self) -> None:
        """Take no requests any more: kernels then start plainly."""
        self._init.selector.unregister(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        self._init.selector.register(connection, selectors.EVENT_READ, lambda: self._read(connection))

    def _read(self, connection: socket.socket) -> None:
        """A request, or the end of a connection whose kernel still runs."""
        try:
            text = connection.recv(_LONGEST_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            text = b""
        if not text or connection in self._waiting.values():
            self._drop(connection)
            return
        try:
            answer = self._start(connection, text)
        except Exception as error:  # a request must never end the sandbox; the asker starts the kernel plainly
            answer = {"declined": f"{type(error).__name__}: {error}"}
        try:
            connection.send(json.dumps(answer).encode())
        except OSError:
            self._drop(connection)

    def _start(self, connection: socket.socket, text: bytes) -> dict[str, Any]:
        request = kernels.Request.from_json(text)
        obstacle = self._record.obstacle(request.variables) or kernels.shadowed(request.folder)
        if obstacle:
            return {"declined": obstacle}
        pid = self._init.fork(lambda: kernels.run(request, self._record.made))
        self._waiting[pid] = connection
        return {"pid": pid}

    def _tell_end(self, pid: int, status: int) -> None:
        connection = self._waiting.pop(pid, None)
        if connection is None:
            return
        try:
            connection.send(json.dumps({"exit": os.waitstatus_to_exitcode(status)}).encode())
        except OSError:
            pass
        self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        for pid in [pid for pid, known in self._waiting.items() if known is connection]:
            del self._waiting[pid]
        try:
            self._init.selector.unregister(connection)
        except KeyError:
            pass
        connection.close()
