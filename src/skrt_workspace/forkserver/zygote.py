"""The zygote: a process with everything imported that forks a child for each request and never reads one itself.

SECURITY: 1. the socket is 0600 and the peer's user is checked; 2. only the child reads the request, so nothing of one
participant is in the memory of the next; 3. the zygote has no variables, files or secrets of the hub.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

from skrt_workspace.forkserver import mends, preload
from skrt_workspace.forkserver.variables import Record
from skrt_workspace.forkserver.warden import make_first_process
from skrt_workspace.sandbox.document import SandboxDocument
from skrt_workspace.sandbox.enter import start
from skrt_workspace.sandbox.errors import SandboxError

_LONGEST_REQUEST = 1 << 20
_PATIENCE = 10.0  # seconds for a request to arrive
LIFETIME = 24 * 3600.0  # hash seed and addresses are shared by all that come from one zygote


class Replace(Exception):  # noqa: N818
    """The zygote is to be replaced by a fresh one: it is old, or its environment has changed."""


class Zygote:
    """One listening zygote."""

    def __init__(self, path: Path, record: Record, lifetime: float = LIFETIME) -> None:
        self._path = path
        self._lifetime = lifetime
        self._record = record
        self._born = time.monotonic()
        self._environment = environment_signature()
        self._stop = False
        self._reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        self._listener = listen(path)
        self._inode = path.stat().st_ino
        self._expected = {self._reader, writer, self._listener.fileno()}

    def run(self) -> None:
        """Answer until told to stop. Raises Replace when a fresh one should take over, NotClean when it cannot."""
        try:
            while not self._stop:
                watched: list[Any] = [self._listener, self._reader]
                ready, _, _ = select.select(watched, [], [], min(60.0, self._lifetime))
                if self._reader in ready:
                    os.read(self._reader, 512)
                self._reap()
                if self._listener in ready:
                    self._answer()
                self._consider_age()
        finally:
            self._remove_socket()
            self._listener.close()

    def _remove_socket(self) -> None:
        """Remove the socket's file, unless another zygote has put its own there."""
        try:
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        except FileNotFoundError:
            return

    def _on_stop(self, *_: object) -> None:
        self._stop = True

    def _reap(self) -> None:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return

    def _consider_age(self) -> None:
        if self._stop:
            return
        if time.monotonic() - self._born > self._lifetime or environment_signature() != self._environment:
            raise Replace

    def _answer(self) -> None:
        connection, _ = self._listener.accept()
        try:
            if peer_uid(connection) not in (os.geteuid(), 0):
                print("fork server: a request of another user was refused", file=sys.stderr)
                return
            preload.assert_clean()
            preload.assert_descriptors({*self._expected, connection.fileno()})
            if "flush" not in mends.WITHOUT:
                sys.stdout.flush()
                sys.stderr.flush()
            if os.fork() == 0:
                answer_in_child(connection, self._record)
        finally:
            connection.close()


def answer_in_child(connection: socket.socket, record: Record) -> None:
    """Read a request, start its sandbox, answer with its identity. Never returns."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        connection.settimeout(_PATIENCE)
        try:
            text, listener = _read(connection)
            document = SandboxDocument.from_json(text)
            answer = start(document, make_first_process(record), listener).as_dict()
        except SandboxError as error:
            answer = {"kind": type(error).__name__, "error": str(error), "remedy": error.remedy}
        connection.sendall(json.dumps(answer).encode())
    except BaseException as error:  # without an answer the hub starts plainly, and the log says why
        os.write(2, f"fork server: a request failed: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(0)


def _read(connection: socket.socket) -> tuple[bytes, int | None]:
    """The request, and the socket for the server that came with it (unix(7), SCM_RIGHTS)."""
    parts, length, listener = [], 0, None
    while True:
        part, descriptors, _, _ = socket.recv_fds(connection, 65536, 1)
        listener = next(iter(descriptors), listener)
        if not part:
            break
        parts.append(part)
        length += len(part)
        if length > _LONGEST_REQUEST:
            raise ValueError("the request is too long")
    return b"".join(parts), listener


def listen(path: Path) -> socket.socket:
    """A socket at `path` that only this user can open; one left by an earlier zygote is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    mask = os.umask(0o177)
    try:
        listener.bind(str(new))
    finally:
        os.umask(mask)
    listener.listen(256)
    new.rename(path)
    return listener


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end, as the kernel knows it (SO_PEERCRED, unix(7))."""
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return int(struct.unpack("3i", credentials)[1])


def environment_signature() -> tuple[float, ...]:
    """Changes when packages of the environment do: their folder's time, and that of the environment's marker."""
    places = [Path(__file__).parents[2], *Path(sys.prefix).glob("skrt-hub-environment.json")]
    return tuple(place.stat().st_mtime for place in places)
