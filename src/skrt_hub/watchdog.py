"""The process above the supervisor: holds the hub's sockets, and starts the supervisor again when it is killed.

It does nothing else, so that it has no reason to end: no settings are read, nothing is decided. When it is killed
itself the supervisor starts another and gives it the sockets. Only when both end at once is an `up` needed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skrt_hub import sockets
from skrt_workspace.sandbox.identity import ProcessIdentity, identify, is_alive, open_pidfd, send_signal

ALREADY_THERE = 8  # the supervisor's exit code when another holds its lock (skrt_hub.errors.BusyError)
_LONG_ENOUGH = 60.0
_LONGEST_PAUSE = 5.0


@dataclass
class _State:
    """What the watchdog knows. `ending` is what the supervisor said it is about to do: "stop", "again" or nothing."""

    kept: dict[str, socket.socket] = field(default_factory=dict)
    ending: str = ""
    python: str = sys.executable
    failures: int = 0
    asked_to_end: bool = False


class Watchdog:
    """One watchdog, over one supervisor at a time. `program`: the module that is the supervisor."""

    def __init__(self, root: Path, program: str, kept: dict[str, socket.socket], *, foreground: bool = False) -> None:
        self._root = root
        self._program = program
        self._foreground = foreground
        self._state = _State(kept)
        self._reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def run(self) -> int:
        """Start supervisors until one ends on purpose; returns the exit code."""
        told: dict[str, Any] = {}
        while True:
            began = time.monotonic()
            channel, process = self._start(told)
            self._look_after(channel, identify(process.pid))
            code = process.wait()
            if self._is_over(code):
                return code if self._state.ending == "" else 0
            told = self._note(code, began)

    def adopt(self, channel: socket.socket, supervisor: ProcessIdentity) -> int:
        """Look after a supervisor whose watchdog was killed, then go on as ever."""
        self._look_after(channel, supervisor)
        if self._is_over(0):
            return 0
        self._note(-signal.SIGKILL, time.monotonic())
        return self.run()

    def _is_over(self, code: int) -> bool:
        ended = self._state.ending == "stop" or code == ALREADY_THERE
        return ended or (self._state.asked_to_end and self._state.ending != "again")

    def _note(self, code: int, began: float) -> dict[str, Any]:
        """What the next supervisor is told of the end of this one; waits where they end too fast."""
        state = self._state
        if state.ending == "again":
            state.ending = ""
            return {}
        state.failures = 1 if time.monotonic() - began > _LONG_ENOUGH else state.failures + 1
        if state.failures > 1:
            self._pause(min(_LONGEST_PAUSE, 0.1 * 2**state.failures))
        return {"code": code, "time": time.time()}

    def _pause(self, seconds: float) -> None:
        # A signal to end the hub must not wait for it.
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            selector.select(seconds)

    def _start(self, told: dict[str, Any]) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [self._state.python, "-m", self._program, str(self._root), "--channel", str(theirs.fileno())]
        process = subprocess.Popen(
            [*command, *(["--foreground"] if self._foreground else [])],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            cwd="/",
        )
        theirs.close()
        with contextlib.suppress(OSError):  # it ended already
            for name, listener in self._state.kept.items():
                sockets.send(ours, {"kept": name}, [listener.fileno()])
            sockets.send(ours, {"complete": True, "ended": told})
        return ours, process

    def _look_after(self, channel: socket.socket, supervisor: ProcessIdentity) -> None:
        """Keep what the supervisor gives, pass signals on, until it has ended."""
        pidfd = open_pidfd(supervisor)
        with selectors.DefaultSelector() as selector, channel:
            selector.register(channel, selectors.EVENT_READ)
            selector.register(self._reader, selectors.EVENT_READ)
            if pidfd is not None:
                selector.register(pidfd, selectors.EVENT_READ)
            while is_alive(supervisor):
                for key, _ in selector.select():
                    if key.fileobj is channel and not self._hear(channel):
                        selector.unregister(channel)
                    if key.fileobj is self._reader:
                        self._pass_on(supervisor)
            while self._hear(channel):  # what it said last
                continue
        if pidfd is not None:
            os.close(pidfd)

    def _hear(self, channel: socket.socket) -> bool:
        """Take one message; False at the end of them."""
        try:
            heard = sockets.receive(channel)
        except (OSError, ValueError):
            return False
        if heard is None:
            return False
        message, descriptors = heard
        kept = self._state.kept
        if "keep" in message:
            self._close(kept.pop(message["keep"], None))
            kept[message["keep"]] = socket.socket(fileno=descriptors[0])
        elif "drop" in message:
            self._close(kept.pop(message["drop"], None))
            sockets.send(channel, {"dropped": message["drop"]})
        elif "ending" in message:
            self._state.ending = message["ending"]
            self._state.python = message.get("python") or self._state.python
        return True

    @staticmethod
    def _close(listener: socket.socket | None) -> None:
        if listener is not None:
            listener.close()

    def _pass_on(self, supervisor: ProcessIdentity) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 512)
        self._state.asked_to_end = True
        send_signal(supervisor, signal.SIGTERM)


def start(root: Path, program: str, kept: dict[str, socket.socket], log: Path, *, before: Sequence[str] = ()) -> None:
    """Start a watchdog in the background that holds these sockets, and with it a supervisor.

    `before`: a command that becomes the watchdog, after it has brought it to its place.
    """
    numbers = {name: listener.fileno() for name, listener in kept.items()}
    _spawn([*before, *_itself(root, program), "--kept", json.dumps(numbers)], list(numbers.values()), log)


def replace_killed(root: Path, program: str, channel: socket.socket, log: Path) -> subprocess.Popen[bytes]:
    """Start a watchdog for this process, the supervisor, whose own was killed; `channel` is its end of the talk."""
    own = json.dumps(identify(os.getpid()).as_dict())
    words = ["--adopt", own, "--channel", str(channel.fileno())]
    return _spawn([*_itself(root, program), *words], [channel.fileno()], log)


def _itself(root: Path, program: str) -> list[str]:
    return [sys.executable, "-m", __spec__.name if __spec__ else __name__, str(root), program]


def _spawn(command: Sequence[str], descriptors: list[int], log: Path) -> subprocess.Popen[bytes]:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(output)


def hold_lock(path: Path) -> int | None:
    """The lock that a watchdog holds, or None where one holds it already."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    os.truncate(handle, 0)
    os.write(handle, json.dumps(identify(os.getpid()).as_dict()).encode())
    return handle


def is_there(path: Path) -> bool:
    """Whether a watchdog runs, by its lock."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def run_here(root: Path, program: str, kept: dict[str, socket.socket], lock: Path) -> int:
    """Be the watchdog of a hub in the foreground, until it is stopped."""
    if hold_lock(lock) is None:
        return ALREADY_THERE
    return Watchdog(root, program, kept, foreground=True).run()


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("program")
    parser.add_argument("--kept", type=json.loads, default={})
    parser.add_argument("--adopt", type=json.loads)
    parser.add_argument("--channel", type=int)
    given = parser.parse_args()
    if hold_lock(given.root / "run" / "watchdog.lock") is None:
        return ALREADY_THERE
    kept = {}
    for name, descriptor in given.kept.items():
        os.set_inheritable(descriptor, False)
        kept[name] = socket.socket(fileno=descriptor)
    watchdog = Watchdog(given.root, given.program, kept)
    if given.adopt is not None:
        os.set_inheritable(given.channel, False)
        return watchdog.adopt(socket.socket(fileno=given.channel), ProcessIdentity(**given.adopt))
    return watchdog.run()


if __name__ == "__main__":
    sys.exit(main())
