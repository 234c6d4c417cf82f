"""A name that nobody has ends every command with the same exit code, on both targets."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from skrt_hub.cli import main
from skrt_hub.errors import ClusterError, RefusedError, StateError, UnknownNameError
from skrt_hub.homes.access import Homes
from skrt_hub.hub.applied import Applied, Ports, write_applied
from skrt_hub.hub.names import Places
from skrt_hub.layout import Layout
from skrt_hub.login.accounts import Accounts, Person
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes import logs
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.pods.watch import Snapshot
from skrt_hub.targets.machine.target import MachineTarget


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a hub with one participant, whose home was saved."""
    monkeypatch.chdir(tmp_path)
    layout = Layout(tmp_path / "state")
    layout.hub.mkdir(parents=True)
    write_applied(layout, Applied(Settings(), "0.1.0", Ports(8101, 8102, 8103), Path("environment"), root=False))
    home = layout.home(Places(layout.folders).ensure("anna").folder)
    home.mkdir(parents=True)
    (home / "work.txt").write_text("mine")
    assert main(["save", "--to", "copies", "--state", str(layout.root)]) == 0
    return layout.root


@pytest.mark.parametrize(
    "words",
    [
        "participants remove zoe",
        "participants forget zoe",
        "logs zoe",
        "save zoe",
        "collect work.txt zoe --to in",
        "restore zoe",
        "restore zoe --at 2020-01-01",
        "saves compare zoe",
    ],
)
def test_a_name_that_nobody_has_ends_every_command_alike(
    words: str, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words.split(), "--state", str(state)]) == UnknownNameError.exit_code
    assert "'zoe'" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["first-use", "codes"])
def test_a_name_that_was_taken_out_is_not_opened_by_forgetting(
    kind: str, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = Layout(state)
    Path("hub.yaml").write_text(f"login: {kind}\n")
    accounts = Accounts(layout.accounts)
    accounts.set("anna", "first come")
    accounts.take_list([Person("anna", group="7b")], anyone=False)
    accounts.lock("anna")
    before = layout.accounts.read_bytes()
    assert main(["participants", "forget", "anna", "--state", str(state)]) == RefusedError.exit_code
    told = capsys.readouterr().err
    assert "anna was taken out" in told and f"participants {'reset' if kind == 'codes' else 'password'} anna" in told
    if kind == "codes":  # neither with everybody of a group
        assert main(["participants", "reset", "--group", "7b", "--state", str(state)]) == UnknownNameError.exit_code
    assert layout.accounts.read_bytes() == before


def test_a_copy_that_is_missing_is_no_unknown_name(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "anna", "--at", "2020-01-01", "--state", str(state)]) == 17
    Layout(state).home(Places(Layout(state).folders).ensure("ben").folder).mkdir()
    assert main(["restore", "ben", "--state", str(state)]) == 17
    assert "has no saved copy of 'ben'" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["save ben", "save anna ben", "logs ben", "logs BEN", "save carol", "logs carol"])
def test_who_is_listed_and_never_logged_in_is_no_unknown_name(
    words: str, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("hub.yaml").write_text("participants: [anna, ben]\nadmins: [carol]\n")
    assert main([*words.split(), "--state", str(state)]) == StateError.exit_code
    assert f"'{words.rsplit(maxsplit=1)[-1].lower()}' never logged in." in capsys.readouterr().err


def test_a_hand_in_tells_of_an_admin_who_never_logged_in(state: Path) -> None:
    Path("hub.yaml").write_text("participants: [anna]\nadmins: [carol]\n")
    assert main(["collect", "work.txt", "anna", "carol", "--to", "in", "--state", str(state)]) == 0
    assert "carol" in Path("in/collected.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(("slip", "word"), [("hubb", "hub"), ("fork-sever", "fork-server"), ("ana", "anna")])
def test_the_log_that_was_meant_is_named(slip: str, word: str, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", slip, "--state", str(state)]) == UnknownNameError.exit_code
    assert f"Did you mean: {word}? " in capsys.readouterr().err


def test_whose_copies_there_are_is_told(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "ana", "--state", str(state)]) == UnknownNameError.exit_code
    assert "There are saved copies of anna." in capsys.readouterr().err


@pytest.fixture
def lost_cluster(state: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a hub with saved copies whose cluster cannot be reached any more."""

    def unreachable(target: MachineTarget) -> Homes:
        raise ClusterError("The cluster does not answer.")

    monkeypatch.setattr(MachineTarget, "homes", unreachable)
    return state


@pytest.mark.parametrize("words", ["restore ana --into look", "restore ana", "saves compare ana"])
def test_a_mistyped_name_is_told_when_the_hub_is_lost(
    words: str, lost_cluster: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words.split(), "--state", str(lost_cluster)]) == UnknownNameError.exit_code
    told = capsys.readouterr().err
    assert "There are saved copies of anna." in told
    assert "The hub could not be asked for its own names: The cluster does not answer." in told


def test_saved_copies_can_be_read_when_the_hub_is_lost(lost_cluster: Path) -> None:
    for words in ("saves list", "saves verify", "restore anna --into look"):
        assert main([*words.split(), "--state", str(lost_cluster)]) == 0
    assert Path("look/anna/work.txt").read_text() == "mine"
    assert main(["restore", "anna", "--state", str(lost_cluster)]) == ClusterError.exit_code


def test_on_a_cluster_a_participant_without_a_server_is_no_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    annotations = {"hub.jupyter.org/username": "anna"}
    claim: dict[str, Any] = {"metadata": {"name": "claim-anna", "annotations": annotations}}
    monkeypatch.setattr(logs, "look", lambda kubectl: Snapshot((), (claim,), (), ()))
    context = SimpleNamespace(settings=Settings(participants=("ben",)))
    cluster = cast(Cluster, SimpleNamespace(hub_context=context, settings=context.settings, kubectl=None))
    with pytest.raises(StateError, match="at the moment"):
        logs._pod_of(cluster, "anna")
    with pytest.raises(StateError, match="'ben' never logged in"):
        logs._pod_of(cluster, "ben")
    with pytest.raises(UnknownNameError, match=r"Did you mean: hub\?"):
        logs._pod_of(cluster, "hubb")
    with pytest.raises(UnknownNameError, match="no log of 'zoe'"):
        logs._pod_of(cluster, "zoe")
