"""How often a server asks the hub for workers: when something has changed, now and then, and when it needs none."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_workspace.cohort import share
from skrt_workspace.server_extension import cohorts


class Auth:
    """The hub, as the server's own client sees it."""

    api_url = "http://hub/hub/api"

    def __init__(self) -> None:
        self.asked: list[dict[str, int]] = []

    async def _api_request(self, method: str, url: str, *, body: str, headers: dict[str, str]) -> dict[str, Any]:
        self.asked.append(json.loads(body))
        return {"workers": 2}


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the server finds; to be changed by a test."""
    now: dict[str, Any] = {"unfinished": True, "said": (0, 9, "night"), "time": 100.0}
    monkeypatch.setattr(cohorts, "_is_unfinished", lambda: now["unfinished"])
    monkeypatch.setattr(share, "said", lambda: now["said"])
    monkeypatch.setattr(share, "leave", lambda workers: None)
    monkeypatch.setattr(time, "monotonic", lambda: now["time"])
    monkeypatch.setattr(cohorts.Cohorts, "_ensure_runner", lambda self: False)
    return now


def test_the_hub_is_asked_when_something_has_changed_and_seldom_else(state: dict[str, Any]) -> None:
    auth = Auth()
    server = SimpleNamespace(identity_provider=SimpleNamespace(hub_auth=auth))
    watch = cohorts.Cohorts(server, logging.getLogger("test"))

    def look(times: int = 1) -> int:
        before = len(auth.asked)
        for _ in range(times):
            asyncio.run(watch.look())
            state["time"] += 3
        return len(auth.asked) - before

    assert look() == 1
    assert look() == 1  # what waits is told up to what was given, which is known now
    state["said"] = (2, 7, "night")
    assert look() == 1
    assert look(11) <= 4, "33 s in which nothing changes"
    while look() == 0:
        pass
    state["said"] = (2, 5, "night")  # fewer wait, and more than could run
    assert look() == 0
    state["said"] = (1, 0, "night")
    assert look() == 1
    state["unfinished"] = False
    assert look(5) == 1
    assert auth.asked[-1] == {"running": 0, "waiting": 0}
