"""The supervisor's side of its watchdog: takes the sockets over at its start, hands new ones up, replaces a killed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import time
from typing import Any

from skrt_hub import sockets, watchdog
from skrt_hub.layout import Layout
from skrt_hub.process import Program
from skrt_hub.targets.machine.listeners import Kept
from skrt_hub.targets.machine.parts import SUPERVISOR

_AT_ONCE = 3
_PAUSE = 5.0
_ANSWER = 5.0


class Watched:
    """The talk with the watchdog of this supervisor. Without a channel (in tests) nothing is said to anybody."""

    def __init__(self, layout: Layout, channel: socket.socket | None, log: logging.Logger) -> None:
        self._layout = layout
        self._channel = channel
        self._log = log
        self._own: Program[bytes] | None = None
        self.replaced = 0

    def take_over(self) -> tuple[Kept, dict[str, Any]]:
        """The sockets that the watchdog holds, and what it tells of the end of the supervisor before."""
        kept: Kept = {}
        while self._channel is not None:
            heard = sockets.receive(self._channel)
            if heard is None:
                break
            message, descriptors = heard
            if message.get("complete"):
                return kept, message.get("ended") or {}
            kept[message["kept"]] = socket.socket(fileno=descriptors[0])
        return kept, {}

    def keep(self, name: str, listener: socket.socket) -> None:
        """Have the watchdog hold this socket too."""
        self._say({"keep": name}, [listener.fileno()])

    def drop(self, name: str) -> None:
        """Have it let this one go; returns when it has: until then its copy keeps the address taken."""
        if self._channel is None:
            return
        self._say({"drop": name})
        with contextlib.suppress(OSError, ValueError):
            self._channel.settimeout(_ANSWER)
            sockets.receive(self._channel)

    def ending(self, how: str, python: str = sys.executable) -> None:
        """Tell it that the end which comes is meant: `stop` for good, `again` with this Python's skrt-hub."""
        self._say({"ending": how, "python": python})

    def _say(self, message: dict[str, Any], descriptors: list[int] | None = None) -> None:
        if self._channel is not None:
            with contextlib.suppress(OSError):  # killed: the one that follows gets everything
                sockets.send(self._channel, message, descriptors or [])

    async def guard(self, kept: Any) -> None:
        """For ever: when the watchdog is killed, start another and give it what `kept()` returns."""
        loop = asyncio.get_running_loop()
        while self._channel is not None:
            gone = loop.create_future()
            loop.add_reader(self._channel, _settle, gone)
            try:
                await gone
            finally:
                loop.remove_reader(self._channel)
            if not _has_ended(self._channel):
                continue
            self._log.warning("the watchdog was ended from outside; another one is started")
            if self.replaced >= _AT_ONCE:
                await asyncio.sleep(_PAUSE)
            await self._replace(kept())

    async def _replace(self, kept: Kept) -> None:
        if self._own is not None:
            self._own.poll()
        if self._channel is not None:
            self._channel.close()
        began = time.monotonic()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._own = watchdog.replace_killed(self._layout.root, SUPERVISOR, theirs, self._layout.log / "supervisor.log")
        theirs.close()
        self.replaced += 1
        for name, listener in kept.items():
            self.keep(name, listener)
        self._log.info("watchdog started, pid %d (%.2f s)", self._own.pid, time.monotonic() - began)


def _has_ended(channel: socket.socket) -> bool:
    try:
        return channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
