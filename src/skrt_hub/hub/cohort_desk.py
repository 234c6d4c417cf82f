"""Where participants' servers ask for workers for their cohorts: JupyterHub's `/hub/api/cohort`.

Who asks is known by the server's own token. What has been handed out is known in memory only: after a restart of the
hub it is known again as soon as all have asked, which takes seconds.

This file stands alone (standard library and JupyterHub): the Kubernetes target hands it to the chart's hub as it is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

PATH = "/api/cohort"
_LONGEST = 1000


class Desk:
    """Who asks now, and what each has. `keep` is told whenever others ask than before."""

    def __init__(self, rule: ModuleType, *, workers: int, each: int, keep: Callable[[list[str]], None]) -> None:
        self._rule, self._workers, self._each, self._keep = rule, workers, each, keep
        self._askers: dict[str, Any] = {}
        self._began = time.monotonic()
        self._kept: list[str] | None = None
        self._look: asyncio.TimerHandle | None = None

    def ask(self, name: str, running: int, waiting: int) -> int:
        """How many tasks this person may have at work now."""
        found: tuple[dict[str, Any], int] = self._rule.ask(
            self._askers,
            name,
            running=running,
            waiting=waiting,
            now=time.monotonic(),
            workers=self._workers,
            each=self._each,
            began=self._began,
        )
        self._askers, granted = found
        self._note()
        return granted

    def _note(self) -> None:
        """Whoever asks no more is forgotten, also where nobody else asks."""
        if self._look is not None:
            self._look.cancel()
        now, longest = time.monotonic(), self._rule.FORGOTTEN
        names = sorted(name for name, one in self._askers.items() if one.wanted and now - one.heard < longest)
        self._look = asyncio.get_running_loop().call_later(longest, self._note) if names else None
        if names == self._kept:
            return
        self._kept = names
        try:
            self._keep(self._kept)
        except Exception:  # a full disk: shares are handed out all the same
            logging.getLogger("tornado.application").exception("Whose cohorts run could not be kept")


def handlers(
    rule: ModuleType, *, workers: int, each: int, keep: Callable[[list[str]], None] = lambda _: None
) -> list[tuple[str, type]]:
    """JupyterHub's handlers. `rule` is the module with the rule (skrt_hub.policy.cohort_shares)."""
    from jupyterhub.apihandlers.base import APIHandler  # noqa: PLC0415 - commands load this file's neighbours

    desk = Desk(rule, workers=workers, each=each, keep=keep)

    class CohortHandler(APIHandler):  # type: ignore[misc]
        """One person's share."""

        async def post(self) -> None:
            """Take how many tasks `running` and `waiting` there are, and answer how many may run."""
            who = self.get_current_user_token()  # a user or a service, from a token and never from a browser's cookie
            told = _numbers(self.request.body)
            if who is None or who.kind != "user":
                self._refuse(403, "Servers ask here, with their own tokens.")
            elif told is None:
                self._refuse(400, "`running` and `waiting` must be numbers.")
            else:
                self.finish(json.dumps({"workers": desk.ask(who.name, *told)}))

        def _refuse(self, status: int, words: str) -> None:
            self.set_status(status)
            self.finish(json.dumps({"message": words}))

    return [(PATH, CohortHandler)]


def _numbers(body: bytes) -> tuple[int, int] | None:
    try:
        told = json.loads(body[:_LONGEST])
        found = told["running"], told["waiting"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    usable = all(type(number) is int and 0 <= number <= 10**6 for number in found)
    return (found[0], found[1]) if usable else None
