"""The account of a throw-away participant: its server waits until the hub has ended what was there before."""

from __future__ import annotations

from typing import Any

import pytest

from skrt_hub.targets.guest import account


def test_a_slow_hub_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where thirty people start at once, half a minute passes before the hub comes round to it."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    asked: list[str] = []

    def ask(action: str, *_: Any) -> Any:
        asked.append(action)
        return {"guest": "sessions"} if action == "to_end" and now[0] < 30 else {}

    with account(ask, "guest"):
        assert now[0] >= 30, "the new server would be ended"
    assert asked[-1] == "free"
