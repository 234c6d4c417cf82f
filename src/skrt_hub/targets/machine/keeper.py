"""Keeps one program running: starts it, starts it again when it ends by itself, and ends it when asked to."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable

from skrt_hub.hub.ahead import Ahead, Running
from skrt_hub.process import start_in_loop
from skrt_hub.targets.machine.parts import Part

_LONGEST_PAUSE = 30.0
_LONG_ENOUGH = 60.0  # seconds after which a program counts as having started well
_PR_SET_PDEATHSIG = 1


class Keeper:
    """One part of the hub. `describe` is called before each start, so that a part can follow changed settings.

    `started` is called after each start, `gone` before an end that was asked for and after any other. `ahead` is a
    process that was begun already, and becomes the part at its first start.
    """

    def __init__(
        self,
        describe: Callable[[], Part],
        log: logging.Logger,
        started: Callable[[], None] = lambda: None,
        gone: Callable[[], None] = lambda: None,
        ahead: Ahead | None = None,
    ) -> None:
        self._describe = describe
        self._started = started
        self._gone = gone
        self._ahead = ahead
        self._starting = asyncio.Lock()
        self._log = log
        self._wanted = asyncio.Event()
        self._process: asyncio.subprocess.Process | Running | None = None
        self.failures = 0
        self.problem = ""
        self._asked_to_end = False
        self._loop = asyncio.get_running_loop().create_task(self._keep())

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.running else None

    def want(self) -> None:
        """Let the program run from now on."""
        self.failures = 0
        self._wanted.set()

    async def end(self, patience: float = 15.0) -> None:
        """End the program and leave it ended: SIGTERM, and SIGKILL after `patience` seconds."""
        self._wanted.clear()
        async with self._starting:  # one that is just being started would be forgotten, and keep its sockets
            process = self._process
        if process is None or process.returncode is not None:
            return
        self._asked_to_end = True
        self._gone()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def again(self) -> None:
        """End the program and start it anew."""
        await self.end()
        self.want()

    async def give_up(self) -> None:
        """End the program and the keeping."""
        await self.end()
        self._loop.cancel()

    async def _keep(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                if await self._run_once():
                    continue
            except Exception as error:  # nothing may end the keeping: `up` and a freed disk must find it at work
                self._log.exception("a part could not be started")
                self.problem = f"it could not be started: {error}"
                self.failures += 1
            await asyncio.sleep(min(_LONGEST_PAUSE, 0.2 * 2 ** min(self.failures - 1, 8)))

    async def _run_once(self) -> bool:
        """Start the program and wait for its end; whether that was asked for."""
        async with self._starting:
            if not self._wanted.is_set():
                return True
            part = self._describe()
            started = time.monotonic()
            self._process = self._begun(part) or await _start(part)
        self.problem = ""
        try:
            self._started()
        except Exception:  # a full disk: the program runs, and must be looked after all the same
            self._log.exception("that %s was started could not be noted down", part.name)
        self._log.info("%s started, pid %d", part.name, self._process.pid)
        code = await self._process.wait()
        if self._asked_to_end:
            self._asked_to_end = False
            self._log.info("%s ended", part.name)
            return True
        self._gone()
        self.failures = 1 if time.monotonic() - started > _LONG_ENOUGH else self.failures + 1
        self._log.warning("%s ended by itself with code %d", part.name, code)
        return False

    def _begun(self, part: Part) -> Running | None:
        ahead, self._ahead = self._ahead, None
        return ahead.become(part.command, part.environment, part.descriptors) if ahead is not None else None


async def _start(part: Part) -> asyncio.subprocess.Process:
    handle = os.open(part.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return await start_in_loop(
            part.command,
            stdout=handle,
            stderr=subprocess.STDOUT,
            env=dict(part.environment),
            start_new_session=True,
            pass_fds=part.descriptors,
            preexec_fn=_end_with_parent,
            cwd="/",
        )
    finally:
        os.close(handle)


def _end_with_parent() -> None:
    # A supervisor that is killed takes hub and proxy with it (prctl(2)), so that the next one starts them afresh;
    # participants' servers are not its children and stay.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
