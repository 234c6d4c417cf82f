"""Pid 1 of a sandbox: reaps what ends, passes signals on to the server, and ends everything when the server ends.

It is a loop in one thread, without imports beyond the standard library, so that it may fork at any time.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from skrt_workspace.sandbox import kernel, walls
from skrt_workspace.sandbox.enter import reset_signals

_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class Init:
    """The loop. `fork` starts children, `ended` hears of those that are not the server."""

    def __init__(self, *, isolated: bool, confined: bool = False) -> None:
        self.selector = selectors.DefaultSelector()
        self.ended: Callable[[int, int], None] = lambda pid, status: None
        self._isolated = isolated
        self._confined = confined
        self._server = 0
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for number in (signal.SIGCHLD, *_FORWARDED):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self.selector.register(self._reader, selectors.EVENT_READ, self._on_signal)
        if not isolated:
            kernel.process_control(kernel.PR_SET_CHILD_SUBREAPER, 1)

    def fork(self, body: Callable[[], None]) -> int:
        """Run `body` in a child that shares nothing of the loop; the child ends when `body` does."""
        # A signal that arrives between the fork and the reset would be swallowed by the handler that does nothing.
        waiting = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                self._forget_loop()
                body()
                code = 0
            except SystemExit as error:
                code = _exit_code(error)
            except BaseException:  # a child must never run on into the parent's loop
                sys.excepthook(*sys.exc_info())
            finally:
                _end_as_python_does()
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)
        return pid

    def run(self, server: int) -> NoReturn:
        """Look after the sandbox until the server, a child started with `fork`, has ended."""
        self._server = server
        while True:
            for key, _ in self.selector.select():
                key.data()

    def _forget_loop(self) -> None:
        signal.set_wakeup_fd(-1)
        self.selector.close()
        os.close(self._reader)
        os.close(self._writer)
        reset_signals()
        kernel.process_control(kernel.PR_SET_DUMPABLE, 1)
        if not self._isolated:
            kernel.process_control(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)

    def _on_signal(self) -> None:
        try:
            numbers = os.read(self._reader, 512)
        except BlockingIOError:
            return
        for number in set(numbers) - {signal.SIGCHLD}:
            os.kill(self._server, number)
        self._reap()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._server:
                self._finish(os.waitstatus_to_exitcode(status))
            self.ended(pid, status)

    def _finish(self, code: int) -> NoReturn:
        if self._confined:
            walls.end_all()  # nobody else is this user
        elif not self._isolated:
            _end_descendants()
        # In a pid namespace the kernel ends all other processes with pid 1 (pid_namespaces(7)).
        _flush()
        os._exit(code if code >= 0 else 128 - code)


def _end_as_python_does() -> None:
    """What a Python does at its end: wait for threads, run what is registered with atexit, write out what waits."""
    threading, registered = sys.modules.get("threading"), sys.modules.get("atexit")
    for module, name in ((threading, "_shutdown"), (registered, "_run_exitfuncs")):
        try:
            getattr(module, name, int)()
        except BaseException:  # as the interpreter does: tell, and go on to the end
            sys.excepthook(*sys.exc_info())
    _flush()


def _exit_code(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue


def _end_descendants(rounds: int = 50) -> None:
    """End what a server without a namespace left behind: as its children end, theirs become ours (a subreaper)."""
    for number in range(rounds):
        children = _children()
        if not children:
            return
        for pid in children:
            try:
                os.kill(pid, signal.SIGTERM if number == 0 else signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        time.sleep(0.1)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return


def _children() -> list[int]:
    own, found = os.getpid(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if int(text[text.rindex(")") + 2 :].split()[1]) == own:
            found.append(int(folder.name))
    return found
