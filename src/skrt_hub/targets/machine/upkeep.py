"""What the supervisor does beside keeping programs running: watches memory, homes, logs and certificates, and saves."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable

from skrt_hub.errors import SkrtHubError
from skrt_hub.homes import quota
from skrt_hub.hub import identities
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.certificate import ensure_certificate
from skrt_hub.hub.log_ages import cut_old_lines
from skrt_hub.hub.proxy import dynamic_file
from skrt_hub.layout import Layout
from skrt_hub.process import start_in_loop
from skrt_hub.snapshots import schedule
from skrt_hub.targets.machine import cohorts, parts, seats
from skrt_hub.targets.machine.log_sizes import cut_logs
from skrt_hub.targets.machine.records import running_servers
from skrt_hub.targets.machine.watch import Expendable, KilledBySystem, enforce_memory

_CERTIFICATE_EVERY = 15.0
_COPIES_EVERY = 600.0
_AGES_EVERY = 3600.0
_FIRST_SAVE = 60.0


class Upkeep:
    """The rounds of one hub. `applied` gives what `up` applied last."""

    def __init__(self, layout: Layout, log: logging.Logger, applied: Callable[[], Applied]) -> None:
        self._layout = layout
        self._log = log
        self._applied = applied

    def rounds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Each by what a person reads of it."""
        return {
            "the watch of memory": self._watch,
            "scheduled saves": self._keep_saving,
            "measuring homes": self._measure,
            "the watch of certificates": self._renew,
            "copies of accounts": self._keep_copies,
            "the sizes of logs": self._cut_logs,
            "the ages of logs": self._cut_old_lines,
            "cohorts after a restart": self._go_on_with_cohorts,
            "seats made ready": self._keep_seats,
        }

    async def _keep_seats(self) -> None:
        await seats.keep(self._layout, self._log, self._applied)

    async def _go_on_with_cohorts(self) -> None:
        await cohorts.go_on(self._layout, self._log)

    async def _keep_saving(self) -> None:
        await asyncio.sleep(_FIRST_SAVE)  # the start of a hub is often the start of a class
        await schedule.keep(lambda: self._applied().settings, self._layout, self._save)

    async def _save(self) -> None:
        part = parts.scheduled_save(self._layout)
        with part.log.open("ab") as log:
            program = await start_in_loop(part.command, env=dict(part.environment), stdout=log, stderr=log)
        try:
            await program.wait()
        except asyncio.CancelledError:
            program.terminate()  # what it saved so far is whole; the next one goes on
            raise

    async def _renew(self) -> None:
        """Show a new certificate soon after there is one, or the machine's addresses have changed."""
        while True:
            await asyncio.sleep(_CERTIFICATE_EVERY)
            try:
                settings = self._applied().settings
                if settings.tls.at_the_proxy and ensure_certificate(self._layout, settings):
                    os.utime(dynamic_file(self._layout))  # traefik reads certificates when it reads its routes
                    self._log.info("the proxy has a new certificate")
            except (OSError, SkrtHubError) as error:
                self._log.error("the certificate could not be looked at: %s", error)

    async def _keep_copies(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_COPIES_EVERY)
            await loop.run_in_executor(None, identities.keep_copies, self._layout)

    async def _cut_logs(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for name in await loop.run_in_executor(None, cut_logs, self._layout):
                self._log.warning("the log %s had become too large and was cut", name)
            await asyncio.sleep(2)

    async def _cut_old_lines(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await loop.run_in_executor(None, cut_old_lines, self._layout, self._applied().settings.logs.keep)
            await asyncio.sleep(_AGES_EVERY)

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            shared = await self._look_at_shared()
            for server in running_servers(self._layout):
                try:
                    quota.tell_shared(self._layout, server.folder, server.shared, shared)
                    await loop.run_in_executor(
                        None, quota.tell_usage, self._applied().settings, self._layout, server.folder
                    )
                except (OSError, SkrtHubError) as error:
                    self._log.error("%s: the home could not be measured: %s", server.name, error)
            await asyncio.sleep(20)

    async def _look_at_shared(self) -> dict[str, dict[str, int]]:
        """Only while somebody has one: what nobody can write to stays as it is."""
        if not any(server.shared for server in running_servers(self._layout)):
            return {}
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(None, quota.look_at_shared, self._applied().settings, self._layout)
        except (OSError, SkrtHubError) as error:
            self._log.error("the shared folders could not be looked at: %s", error)
            return {}

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        killed = KilledBySystem(self._layout)
        expendable = Expendable()
        while True:
            await asyncio.sleep(1)
            try:
                servers = await loop.run_in_executor(None, running_servers, self._layout)
                await loop.run_in_executor(None, expendable.mark, servers)
                for name in await loop.run_in_executor(None, killed.tell_new, servers):
                    self._log.warning("%s: a process was ended by the system, memory limit reached", name)
                for ended in await loop.run_in_executor(None, enforce_memory, self._layout, servers):
                    self._log.warning(
                        "%s: %s (pid %d) was ended, memory limit %d",
                        ended.name,
                        ended.process.name,
                        ended.process.pid,
                        ended.limit,
                    )
            except (OSError, SkrtHubError) as error:
                self._log.error("the memory watch failed once: %s", error)
