"""Where participants' servers ask for workers for their cohorts: JupyterHub's `/hub/api/cohort`.

Who asks is known by the server's own token. What has been handed out is known in memory only: after a restart of the
hub it is known again as soon as all have asked, which takes seconds.

This file stands alone (standard library and JupyterHub): the Kubernetes target hands it to the chart's hub as it is.
"""

from __future__ import annotations

import json
import time
from types import ModuleType
from typing import Any

PATH = "/api/cohort"
_LONGEST = 1000


def handlers(rule: ModuleType, *, workers: int, each: int) -> list[tuple[str, type]]:
    """JupyterHub's handlers. `rule` is the module with the rule (skrt_hub.policy.cohort_shares)."""
    from jupyterhub.apihandlers.base import APIHandler  # noqa: PLC0415 - commands load this file's neighbours

    askers: dict[str, Any] = {}

    class CohortHandler(APIHandler):  # type: ignore[misc]
        """One person's share."""

        async def post(self) -> None:
            """Take how many tasks `running` and `waiting` there are, and answer how many may run."""
            nonlocal askers
            token = self.get_current_user_token()
            if token is None or token.user is None:
                self.set_status(403)
                self.finish(json.dumps({"message": "Servers ask here, with their own tokens."}))
                return
            told = _numbers(self.request.body)
            if told is None:
                self.set_status(400)
                self.finish(json.dumps({"message": "`running` and `waiting` must be numbers."}))
                return
            running, waiting = told
            askers, granted = rule.ask(
                askers,
                token.user.name,
                running=running,
                waiting=waiting,
                now=time.monotonic(),
                workers=workers,
                each=each,
            )
            self.finish(json.dumps({"workers": granted}))

    return [(PATH, CohortHandler)]


def _numbers(body: bytes) -> tuple[int, int] | None:
    try:
        told = json.loads(body[:_LONGEST])
        found = told["running"], told["waiting"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    usable = all(type(number) is int and 0 <= number <= 10**6 for number in found)
    return (found[0], found[1]) if usable else None
