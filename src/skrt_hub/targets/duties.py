"""What a program of the hub does all the time beside answering: each duty goes on, whatever happens in it.

One that ends by an exception is logged with all of it, begun again after a pause, and told by `status` for an hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_TOLD_FOR = 3600.0

Troubles = dict[str, tuple[float, str]]
"""When each duty failed last, and how."""


class Duties:
    """The duties of one program. `tell` is given all troubles, as JSON can carry them, whenever there is a new one."""

    def __init__(self, log: logging.Logger, tell: Callable[[Troubles], None] = lambda _: None) -> None:
        self._log = log
        self._tell = tell
        self._tasks: list[asyncio.Task[None]] = []
        self._troubles: Troubles = {}

    def begin(self, name: str, duty: Callable[[], Awaitable[None]], *, pause: float = _FIRST_PAUSE) -> None:
        """Do this until it returns or everything ends; `name` is what a person reads of it."""
        self._tasks.append(asyncio.get_running_loop().create_task(self._go_on(name, duty, pause)))

    def end(self) -> None:
        """Stop all of them."""
        for task in self._tasks:
            task.cancel()

    async def done(self) -> None:
        """Return when all of them have."""
        await asyncio.gather(*self._tasks)

    def troubles(self) -> list[str]:
        """What went wrong in the last hour, in words."""
        return in_words(self._troubles)

    async def _go_on(self, name: str, duty: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await duty()
            except Exception as error:  # whatever it is, the next round may succeed, and nobody else would do it
                self._log.exception("%s failed; it is begun again in %.0f s", name, pause)
                self._note(name, f"{type(error).__name__}: {error}")
            else:
                return
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)

    def _note(self, name: str, words: str) -> None:
        self._troubles[name] = (time.time(), words)
        with contextlib.suppress(OSError):  # a full disk is what many of them fail of; the log may tell
            self._tell(self._troubles)


def in_words(troubles: Troubles) -> list[str]:
    """Those of the last hour, for `status`."""
    now = time.time()
    return [
        f"{name}: it failed at {datetime.fromtimestamp(when).astimezone():%H:%M:%S} and was begun again ({words})."
        for name, (when, words) in troubles.items()
        if now - when < _TOLD_FOR
    ]
