"""Names that are taken off the list again: unused ones are forgotten, those with a home stay and are marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from skrt_hub.class_page.view import view
from skrt_hub.cli import main
from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.applied import Applied, Ports, write_applied
from skrt_hub.hub.hub_yaml import note
from skrt_hub.hub.names import Places
from skrt_hub.layout import Layout
from skrt_hub.report import ParticipantsReport, StatusReport
from skrt_hub.settings.model import Settings
from skrt_hub.settings.people import Listed, with_logins
from skrt_hub.settings.roster import earlier, remembered
from skrt_hub.targets.machine import participants
from skrt_hub.terminal import Terminal

STATUS = StatusReport("x", "running", "machine", None, "", "")


def settings(*names: str, kind: str = "codes") -> Settings:
    return Settings.model_validate({"login": kind, "participants": list(names)})


def applied(said: Settings) -> Applied:
    return Applied(said, "1", Ports(1, 2, 3), Path("/nowhere"), root=False)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A hub whose list had a wrong name, which got a slip; ben has a home, and chen chose a password."""
    made = Layout(tmp_path / "state")
    made.accounts.parent.mkdir(parents=True)
    participants.take_list(made, settings("anna", "ben", "chen", "eva.eva.meier"))
    participants.ask(made, "issue", ["anna", "eva.eva.meier"])
    accounts_of(made).set("chen", "a password")
    Places(made.folders).ensure("ben")
    return made


def test_unused_names_are_forgotten_and_used_ones_are_marked(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    now = settings("anna")
    participants.take_list(layout, now)
    people = participants.everyone(layout, applied(now))
    assert {who.name: who.log_in for who in people} == {"anna": "code", "ben": "unlisted", "chen": "unlisted"}
    assert {row.name: row.state for row in view(STATUS, people, {}).rows}["ben"] == "unlisted"
    Terminal().out.print(ParticipantsReport(people).render())
    assert capsys.readouterr().out.count("not on the list any more") == 2
    again = Settings.model_validate({"participants": [{"name": "Eva Meier", "email": "eva@x.y"}]})
    assert remembered(again, layout.roster).names == ("eva.meier",)
    assert "eva.eva.meier" not in {who.login for who in earlier(layout.roster)}


def test_a_person_gets_another_name_after_a_wrong_list(layout: Layout) -> None:
    wrong = Listed(login="eva.eva.meier", email="eva@x.y")
    now = settings("anna").model_copy(update={"participants": (wrong,)})
    participants.take_list(layout, now)
    participants.take_list(layout, settings("anna"))
    (right,) = with_logins([Listed(name="Eva Meier", email="eva@x.y")], earlier(layout.roster))
    assert right.login == "eva.meier"


def test_removing_an_unused_name_leaves_nothing_and_a_used_one_stays_locked(layout: Layout) -> None:
    now = applied(settings("anna", "ben", "chen", "eva.eva.meier"))
    (line,) = participants.remove(layout, now, "eva.eva.meier", free=False).lines
    assert "Nobody had logged in" in line
    participants.remove(layout, now, "ben", free=False)
    participants.remove(layout, now, "chen", free=False)
    left = {who.name: who.log_in for who in participants.everyone(layout, now)}
    assert left == {"anna": "code", "ben": "locked", "chen": "locked"}


def test_where_anybody_may_take_a_name_a_removed_one_stays_locked(layout: Layout) -> None:
    now = applied(settings("anna", "ben", kind="first-use"))
    participants.remove(layout, now, "anna", free=False)
    assert participants.ask(layout, "all")["anna"]["locked"]


def test_enable_counts_those_that_were_disabled(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    people = [{"login": name, "group": "B"} for name in ("anna", "ben", "chen")]
    now = Settings.model_validate({"login": "codes", "participants": people})
    participants.take_list(layout, now)
    write_applied(layout, applied(now))
    note(layout, None)
    accounts_of(layout).disable(["ben"])
    assert main(["participants", "enable", "--group", "B", "--target", "machine", "--state", str(layout.root)]) == 0
    told = capsys.readouterr().out
    assert "ben can log in again." in told and "Not disabled, so nothing changed: 2 of 3." in told
    accounts_of(layout).lock("ben")
    assert main(["participants", "enable", "ben", "--state", str(layout.root)]) == 0
    assert "can log in again" not in (told := capsys.readouterr().out)
    assert "participants password ben" in told
