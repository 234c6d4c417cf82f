"""What reports say to a person."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from skrt_hub.cli import show
from skrt_hub.report import Participant, ParticipantsReport, Report, Server, StatusReport, UpReport
from skrt_hub.terminal import Terminal

UP = UpReport(name="class", url="http://127.0.0.1:8000/", changed=True, seconds=1.0, lines=("How to log in.",))


def test_a_hub_that_is_up_names_its_address_and_how_to_log_in() -> None:
    assert str(UP.render()) == "The hub “class” is up: http://127.0.0.1:8000/\nHow to log in."


def test_a_hub_in_the_foreground_that_ended_is_not_said_to_be_up() -> None:
    ended = str(dataclasses.replace(UP, ended=True).render())
    assert "has ended" in ended
    assert "is up" not in ended


LONG = f"/srv/{'a-folder-of-the-institute/' * 4}with spaces in it/homes/anna"
ANNA = Participant(name="anna", password=True, admin=True, server=True, home=LONG, log_in="password")
BEN = Participant(name="ben", password=False, admin=False, server=False)
STATUS = StatusReport("class", "running", "machine", None, "first-use", "1.0", folder=Path(LONG))


@pytest.mark.parametrize("report", [ParticipantsReport((ANNA, BEN)), STATUS], ids=["participants", "status"])
def test_paths_stay_whole_on_a_narrow_screen(
    report: Report, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    show(report, Terminal(), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.endswith(f"  {LONG}")]
    assert [line for line in lines if line != line.rstrip()] == []  # they would make empty lines on a narrow screen


def test_participants_stand_in_columns() -> None:
    lines = str(ParticipantsReport((ANNA, BEN)).render()).splitlines()
    assert lines[0] == "participant             log-in       server   home"
    assert lines[1] == f"anna (manages the hub)  password     running  {LONG}"
    assert lines[2] == "ben                     nothing yet  -"


def test_status_says_since_when_a_server_runs(capsys: pytest.CaptureFixture[str]) -> None:
    server = Server("anna", "running", 10**8, "2026-11-24T10:18:00+00:00", since="2026-11-24T09:00:00+00:00")
    show(dataclasses.replace(STATUS, servers=(server, Server("ben", "starting"))), Terminal(), as_json=False)
    head, anna, ben = (line.split() for line in capsys.readouterr().out.splitlines()[-3:])
    assert head[:3] == ["participant", "server", "since"]
    assert anna[2] == "2026-11-24"
    assert ben == ["ben", "starting", "-", "-", "-"]
