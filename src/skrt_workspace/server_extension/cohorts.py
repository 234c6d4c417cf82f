"""The server's side of cohorts: a runner is there while there is something to do, within the share that the hub gives.

It asks the hub in the name of this server, so the hub knows who asks. What it hears is left where the runner reads it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from datetime import UTC, datetime
from typing import Any

from skrt_workspace import awake
from skrt_workspace.cohort import commands, runner, share, table
from skrt_workspace.server_extension.rounds import Rounds

_EVERY = 3.0
_ASK = 10.0
"""Seconds after which the hub is asked again where nothing has changed here (skrt_hub.policy.cohort_shares)."""
_PAUSES = (0.0, 3.0, 10.0, 30.0, 60.0)
_WELL = 60.0
_OWN = "skrt_cohort"
_WORDS = 300


class Cohorts:
    """The watch of one server's cohorts."""

    def __init__(self, server: Any, log: logging.Logger) -> None:
        self._server = server
        self._log = log
        self.rounds = Rounds("cohorts", self.look, _EVERY, log)
        self._started = 0.0
        self._starts = 0
        self._share: int | None = None
        self._told: tuple[int, int] | None = None
        self._asked = 0.0

    async def look(self) -> None:
        """One look."""
        if not await asyncio.to_thread(_is_unfinished):
            if self._told is not None:
                self._told = None
                await self._ask(0, 0)  # so that others have its workers at once
            return
        try:
            await self._ask_for_share()
        except Exception as error:  # a hub that starts anew, or that knows nothing of cohorts: one task at a time then
            if self._share != 0:
                self._log.warning("skrt-workspace: the hub gives a cohort here no share: %s", error)
            self._share, self._asked = 0, 0.0
        if not await asyncio.to_thread(self._ensure_runner):
            return
        own = _seconds_since(_last_own_use(self._server.web_app))
        if awake.keeps_awake(own, _allowed()):
            self._server.web_app.settings["last_activity_times"][_OWN] = datetime.now(UTC)

    def _ensure_runner(self) -> bool:
        """Have a runner; whether there is one. One that ends again and again is started less and less often."""
        if runner.runs():
            if time.monotonic() - self._started > _WELL:
                self._starts = 0
            return True
        if time.monotonic() - self._started < _PAUSES[min(self._starts, len(_PAUSES) - 1)]:
            return False
        self._started = time.monotonic()
        self._starts += 1
        if runner.ensure():
            self._log.info("skrt-workspace: a cohort goes on")
        return True

    async def _ask_for_share(self) -> None:
        """Ask when what runs or waits here has changed, and now and then: the hub forgets who is silent."""
        running, waiting, _ = share.said()
        told = running, min(max(waiting, 1), 1 + (self._share or 0))
        if told == self._told and time.monotonic() - self._asked < _ASK:
            return
        workers = await self._ask(running, max(waiting, 1))
        if workers is None:
            return
        self._told, self._asked = told, time.monotonic()
        if workers != self._share:
            self._log.info("skrt-workspace: the hub gives a cohort here %d workers", workers)
            self._share = workers
        await asyncio.to_thread(share.leave, workers)

    async def _ask(self, running: int, waiting: int) -> int | None:
        """What the hub answers; None where there is no hub. Raises whatever the hub's client raises."""
        auth = getattr(self._server.identity_provider, "hub_auth", None)
        if auth is None:
            return None
        told = await auth._api_request(
            "POST",
            f"{auth.api_url.rstrip('/')}/cohort",
            body=json.dumps({"running": running, "waiting": waiting}),
            headers={"Content-Type": "application/json"},
        )
        return int(told["workers"])


def listed() -> list[dict[str, Any]]:
    """How far each cohort is, the newest first, as pages show it."""
    running, _, of = share.said() if runner.runs() else (0, 0, "")
    found = []
    for one in reversed(table.every()):
        status = one.status(running if one.folder.name == of else 0)
        facts = {key: getattr(status, key) for key in ("name", "total", "done", "failed", "running", "state")}
        found.append({**facts, "errors": _errors(one) if status.failed else []})
    return found


def change(name: str, what: str) -> None:
    """Cancel a cohort, go on with it, or try again what failed. Raises CohortError for others."""
    if what == "cancel":
        commands.cancel(name)
    elif what == "retry":
        commands.retry(name, wait=False)
    else:
        raise table.CohortError("A cohort can be cancelled, or tried again.")


def _errors(one: table.Table, most: int = 5) -> list[dict[str, str]]:
    head, failed = one.head(), one.failed() - one.done()
    found = []
    for label, key in zip(head.labels, head.keys, strict=True):
        told = one.error(key) if key in failed else None
        if told is not None:
            found.append({"patient": label, "error": str(told.get("error", ""))[:_WORDS]})
        if len(found) == most:
            break
    return found


def _is_unfinished() -> bool:
    return next(table.unfinished(), None) is not None


def _last_own_use(application: Any) -> datetime:
    """When the owner last did something; what cohorts have noted themselves is left out."""
    times = application.settings["last_activity_times"]
    noted = times.pop(_OWN, None)
    try:
        last: datetime = application.last_activity()
    finally:
        if noted is not None:
            times[_OWN] = noted
    return last


def _seconds_since(when: datetime) -> float:
    return (datetime.now(UTC) - (when if when.tzinfo else when.replace(tzinfo=UTC))).total_seconds()


def _allowed() -> float | None:
    try:
        return float(os.environ[awake.VARIABLE])
    except (KeyError, ValueError):
        return None
