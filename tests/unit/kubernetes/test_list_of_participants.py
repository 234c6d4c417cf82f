"""The list of participants on its way to a hub in a cluster; each question to its pod takes half a second."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_hub.layout import Layout
from skrt_hub.login.accounts import Accounts
from skrt_hub.login.requests import carry_out
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod, OlderHubError
from skrt_hub.targets.kubernetes.cluster.objects import USERNAME
from skrt_hub.targets.kubernetes.homes import participants


def test_all_accounts_are_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, asked = Accounts(tmp_path / "accounts.json"), []

    def answer(self: HubPod, action: str, *arguments: Any) -> Any:
        asked.append(action)
        return carry_out(kept, action, *arguments)

    monkeypatch.setattr(HubPod, "accounts", answer)
    settings = Settings.model_validate({"login": "codes", "participants": ["anna"], "organisers": ["maria"]})
    context = SimpleNamespace(settings=settings)
    cluster: Any = SimpleNamespace(hub_context=context, kubectl=None, layout=Layout(tmp_path))
    (line,) = participants.take_list(cluster)
    assert "First log-in of the organiser maria" in line
    assert participants.take_list(cluster) == (), "a second code would make the first one void"
    assert asked == ["all", "take_list", "issue", "all", "take_list"]


def test_who_is_taken_off_the_list_unused_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Accounts(tmp_path / "accounts.json")
    monkeypatch.setattr(HubPod, "accounts", lambda self, action, *given: carry_out(kept, action, *given))
    monkeypatch.setattr(HubPod, "users", lambda self: [{"name": "ben"}])
    labels = {"component": "singleuser-storage"}
    claim = {"metadata": {"name": "c", "labels": labels, "annotations": {USERNAME: "chen"}}}
    kubectl = SimpleNamespace(items=lambda kind: [claim])

    def cluster(*names: str) -> Any:
        settings = Settings.model_validate({"login": "codes", "participants": list(names)})
        context = SimpleNamespace(settings=settings)
        return SimpleNamespace(hub_context=context, settings=settings, kubectl=kubectl, layout=Layout(tmp_path))

    participants.take_list(cluster("anna", "ben", "chen", "wrong"))
    participants.take_list(cluster("anna"))
    left = {who.name: who.log_in for who in participants.everyone(cluster("anna"))}
    assert left == {"anna": "", "ben": "unlisted", "chen": "unlisted"}
    assert "wrong" not in Layout(tmp_path).roster.read_text()
    assert "Nobody had logged in" in participants.remove(cluster("anna"), "anna", free=False).lines[0]
    assert set(kept.all()) == {"ben", "chen"}


def test_an_older_hub_does_not_refuse_another_log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def older(self: HubPod, action: str, *arguments: Any) -> Any:
        raise OlderHubError(f"It does not know {action}.")

    monkeypatch.setattr(HubPod, "accounts", older)
    monkeypatch.setattr(participants, "look", lambda _: SimpleNamespace(ready=lambda _: True))
    before = Settings.model_validate({"login": "first-use"})
    now = Settings.model_validate({"login": "codes"})
    monkeypatch.setattr(participants, "applied_settings", lambda _: before)
    monkeypatch.setattr("skrt_hub.policy.institution.mark", lambda settings: settings.login.kind)
    cluster: Any = SimpleNamespace(hub_context=SimpleNamespace(settings=now), kubectl=None, layout=Layout(tmp_path))
    (note,) = participants.ensure_homes_are_found(cluster)
    assert "older hub" in note
