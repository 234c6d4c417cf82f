"""A server that its owner does not start now starts, also where the size that they chose is in hub.yaml no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from skrt_hub.hub import door
from skrt_hub.layout import Layout
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.machine import servers


def test_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Any] = []

    def ask(layout: Layout, method: str, path: str, *, body: Any = None, **_: Any) -> None:
        asked.append((method, path, body))
        if body is None:
            raise door.DoorError("HTTP 422", 422)

    monkeypatch.setattr(door, "ask", ask)
    servers.ask_to_start(Layout(tmp_path), "an na", "token")
    assert asked == [("POST", "/users/an%20na/server", None), ("POST", "/users/an%20na/server", {"profile": ""})]


def test_another_refusal_stays_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(layout: Layout, method: str, path: str, **_: Any) -> None:
        asked.append(path)
        raise door.DoorError("HTTP 403", 403)

    monkeypatch.setattr(door, "ask", ask)
    with pytest.raises(door.DoorError):
        servers.ask_to_start(Layout(tmp_path), "anna", "token")
    assert len(asked) == 1


def test_on_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def ask(_: HubPod, *requests: Any, **__: Any) -> list[tuple[int, Any]]:
        asked.extend(requests)
        return [(422 if path.endswith("/server") and body is None else 201, None) for _, path, body in requests]

    monkeypatch.setattr(HubPod, "ask", ask)
    monkeypatch.setattr(HubPod, "_servers", lambda *_: iter([{"ready": True}]))
    HubPod(cast("Any", None)).start_server("anna", deadline=1)
    assert asked[-1] == ("POST", "/users/anna/server", {"profile": ""})
