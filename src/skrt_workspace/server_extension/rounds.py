"""What the server does again and again while it runs. A look that fails is logged, and the next comes all the same."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable


class Rounds:
    """One look after another, with a pause of `every` seconds. `what` names what is looked at, for the log."""

    def __init__(self, what: str, look: Callable[[], Awaitable[None]], every: float, log: logging.Logger) -> None:
        self._what, self._look, self._every, self._log = what, look, every, log
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look; called when the server's loop runs."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:
                self._log.exception("skrt-workspace: %s could not be looked at; it is tried again", self._what)
            await asyncio.sleep(self._every)
