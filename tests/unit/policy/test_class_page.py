"""Who makes that there is a class's page, and what a closed hub lets through; the same on both targets."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_hub.hub import closing
from skrt_hub.login.accounts import Accounts, Person
from skrt_hub.policy import class_page
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes import stop
from skrt_hub.targets.kubernetes.background import class_page as program

OIDC = {"kind": "oidc", "issuer": "https://login.uni.example", "client_id": "hub", "client_secret_file": "/secret"}
BY_GROUP = {**OIDC, "organiser_groups": ["staff"], "participant_groups": ["course"]}


def settings(**given: Any) -> Settings:
    return Settings.model_validate(given)


NOBODY, NAMED, GROUP = settings(), settings(organisers=["maria"]), settings(login=BY_GROUP)


def accounts(folder: Path) -> Accounts:
    """Those of a hub where petra came in as an organiser by her group, and anna as a participant."""
    made = Accounts(folder / "accounts.json")
    made.take_list([Person("anna")], anyone=False)
    with made._kept.changing() as document:
        document["accounts"]["petra"] = {"identity": "x 1", "admitted": {"as": "organiser", "by": "y"}}
    return made


def test_a_group_alone_makes_the_page() -> None:
    assert [class_page.used(one) for one in (NOBODY, NAMED, GROUP)] == [False, True, True]
    assert class_page.where(GROUP, "http://h/") == ("The class's page, for the group staff: http://h/services/class/",)
    assert class_page.where(NOBODY, "http://h/") == ()
    assert class_page.needs_on_kubernetes(GROUP)


def test_who_is_let_through_a_closed_hub(tmp_path: Path) -> None:
    known = accounts(tmp_path)
    assert closing.let_through(NOBODY, known) is None
    assert closing.let_through(NAMED, known) == ["maria", "petra"]
    assert closing.let_through(GROUP, known) == ["petra"]
    assert closing.let_through(GROUP, Accounts(tmp_path / "new.json")) == []
    assert closing.rule([]) == "PathPrefix(`/user/`)", "the log-in stays: an organiser may come for the first time"
    (tmp_path / "accounts.json").write_text("{", encoding="utf-8")
    assert closing.let_through(NAMED, Accounts(tmp_path / "accounts.json")) == ["maria"]


@pytest.mark.parametrize(("hub", "runs"), [(NOBODY, False), (NAMED, True), (GROUP, True)])
def test_the_page_in_a_cluster_runs_for_a_group_too(
    hub: Settings, runs: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[object] = []
    own = SimpleNamespace(runs_with=lambda told: False, stop=lambda: None, start=started.append, running=False)
    monkeypatch.setattr(program, "program", lambda layout: own)
    layout: Any = SimpleNamespace(root=tmp_path)
    kubectl: Any = SimpleNamespace(arguments=tuple)
    program.ensure(hub, layout, kubectl)
    assert bool(started) is runs
    assert bool(program.note(hub, layout, hub_runs=True)) is runs


@pytest.mark.parametrize(("hub", "done"), [(NOBODY, "Connections are disabled"), (GROUP, "organisers still log in")])
def test_a_hub_in_a_cluster_is_closed_to_all_only_where_nobody_organises(
    hub: Settings, done: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop, "cut_connections", lambda cluster: None)
    monkeypatch.setattr(stop, "HubPod", lambda kubectl: SimpleNamespace(accounts=print, sync_proxy=print))
    cluster: Any = SimpleNamespace(settings=hub, kubectl=SimpleNamespace(run=print))
    assert done in stop.close(cluster)
