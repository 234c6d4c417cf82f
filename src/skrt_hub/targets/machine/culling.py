"""When servers that nobody uses may be ended: never those that nobody could use, or of which the hub cannot know."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from skrt_hub.targets.machine.keeper import Keeper

_CLOCK_TOLERANCE = 30.0


class Culling:
    """Starts the culler late enough. `idle`: the seconds that hub.yaml gives a server, 0 for ever."""

    def __init__(
        self, culler: Keeper, log: logging.Logger, *, is_open: Callable[[], bool], idle: Callable[[], float]
    ) -> None:
        self._culler = culler
        self._log = log
        self._is_open = is_open
        self._idle = idle
        self._due = 0.0

    @property
    def waits(self) -> bool:
        """Whether it does not run because no server can have been idle long enough."""
        return not self._culler.running and self._culler.failures == 0

    async def begin_again(self) -> None:
        """Everyone gets the full idle time from now on."""
        await self._culler.end()
        self.put_off()

    def put_off(self) -> None:
        """The same, where it does not run yet."""
        idle = self._idle()
        self._due = time.monotonic() + idle if idle else float("inf")

    async def go_on(self) -> None:
        """For ever: start the culler when it is time."""
        # A clock that jumps (or a laptop that slept) makes every server look long unused: then, as after a start and
        # after `open`, everyone first gets the full idle time again.
        offset = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(1)
            jump = (time.time() - time.monotonic()) - offset
            if abs(jump) > _CLOCK_TOLERANCE:
                offset += jump
                self._log.warning("the clock jumped by %.0f s; idle servers get their full time again", jump)
                await self.begin_again()
            if self._is_open() and time.monotonic() >= self._due and self.waits:
                self._culler.want()
