"""What the organiser's page shows: who is stuck, who is in, and that no name can do harm there."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from skrt_hub.api import Hub
from skrt_hub.class_page.page import ClassPages
from skrt_hub.class_page.view import Meter, View, as_csv, view
from skrt_hub.context import Context
from skrt_hub.layout import Layout
from skrt_hub.login.pages import Look
from skrt_hub.progress import Silent
from skrt_hub.report import Participant, Server, StatusReport
from skrt_hub.seats_told import MadeReady, SeatsTold
from skrt_hub.settings.model import Settings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>"


def seen(*servers: Server, people: tuple[Participant, ...] = ()) -> View:
    status = StatusReport("course", "running", "machine", "http://x/", "codes", "1", servers)
    return view(status, people or tuple(who(server.name) for server in servers), {}, NOW)


def who(name: str, **facts: object) -> Participant:
    return Participant(name, True, False, False, **facts)  # type: ignore[arg-type]


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def test_names_are_sorted_as_people_read_them(tmp_path: Path) -> None:
    shown = ("Zoe", "Ärger", "arnold", "Adler", "Øst", "Otto", "Łukasz", "Lutz", "Çelik", "Clara")
    people = tuple(who(name.lower(), shown=name) for name in shown)
    expected = ["Adler", "Ärger", "arnold", "Çelik", "Clara", "Łukasz", "Lutz", "Øst", "Otto", "Zoe"]
    assert [row.shown for row in seen(people=people).rows] == expected
    hub = Hub(Context(Settings(), Layout(tmp_path), Silent()))
    slips = hub.slips(people, {person.name: "a code" for person in people})
    assert [slip.shown for slip in slips] == expected


@pytest.mark.parametrize(
    ("server", "state"),
    [
        (Server("anna", "running", last_activity=ago(1)), "in"),
        (Server("anna", "running", last_activity=ago(20)), "idle"),
        (Server("anna", "running", last_activity=None, since=ago(1)), "in"),
        (Server("anna", "running", last_activity="nonsense"), "in"),
        (Server("anna", "pulling"), "starting"),
        (Server("anna", "running", trouble="memory", reason="A kernel was ended."), "stuck"),
        (Server("anna", "failed", trouble="failed", reason="No."), "stuck"),
    ],
)
def test_the_word_for_somebody_with_a_server(server: Server, state: str) -> None:
    assert seen(server).rows[0].state == state


@pytest.mark.parametrize(
    ("facts", "state"),
    [({"log_in": "disabled"}, "disabled"), ({"log_in": "locked"}, "disabled"), ({"log_in": "password"}, "out")],
)
def test_the_word_for_somebody_without_one(facts: dict[str, str], state: str) -> None:
    assert seen(people=(who("anna", **facts),)).rows[0].state == state


def test_a_code_that_was_not_used_is_never_logged_in() -> None:
    assert seen(people=(Participant("anna", False, False, False, log_in="code"),)).rows[0].state == "never"


def test_who_is_stuck_comes_first_and_organisers_are_not_counted() -> None:
    stuck = Server("zoe", "running", trouble="memory")
    people = (who("anna"), who("maria", role="organiser"), who("zoe"))
    found = seen(stuck, Server("maria", "running"), people=people)
    assert [row.name for row in found.rows] == ["zoe", "anna", "maria"]
    assert (found.count("stuck"), found.count("in"), found.count("out")) == (1, 0, 1)


def test_processors_are_what_was_used_between_two_looks() -> None:
    meter = Meter()
    assert meter.shares([Server("anna", "running", processor_seconds=10.0)], 100.0) == {}
    later = [Server("anna", "running", processor_seconds=13.0), Server("ben", "running", processor_seconds=9.0)]
    assert meter.shares(later, 102.0) == {"anna": 1.5}
    assert meter.shares([Server("anna", "running", processor_seconds=1.0)], 104.0) == {"anna": 0.0}  # started anew


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Not in yet; the server is ready"), ("de", "Noch nicht da; der Server ist bereit")]
)
def test_a_seat_that_was_made_ready_is_nobody_who_is_in(language: str, words: str) -> None:
    seats = SeatsTold(
        (), "UTC", "Mon 09:00 (UTC)", seats=(MadeReady("anna", "ready", ""), MadeReady("ben", "came", "")), left=3
    )
    servers = (Server("anna", "running", last_activity=ago(1)), Server("ben", "running", last_activity=ago(1)))
    status = StatusReport("course", "running", "machine", "http://x/", "codes", "1", servers, seats=seats)
    found = view(status, (who("anna"), who("ben")), {}, NOW)
    shared = {"xsrf": "", "said": "", "error": "", "longest": 9, "can": ()}
    text = ClassPages(Look()).show("live", language, "/services/class/", query={}, seen=found, **shared)

    assert [row.state for row in found.rows] == ["ready", "in"]
    assert (found.count("in"), found.rows[0].server) == (1, True)
    assert words in text and "Mon 09:00 (UTC)" in text


def test_a_spreadsheet_calculates_nothing() -> None:
    people = (who("calc", shown="=cmd|'/C calc'!A0", group="@x"), who("o'brien", shown='Seán "S", O’Brien'))
    rows = list(csv.reader(io.StringIO(as_csv(seen(people=people)).removeprefix("\ufeff"))))
    assert rows[1][:3] == ["calc", "'=cmd|'/C calc'!A0", "'@x"]
    assert rows[2][:2] == ["o'brien", 'Seán "S", O’Brien']


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_that_a_person_wrote_is_part_of_the_page(language: str) -> None:
    server = Server("eve", "running", 10**9, ago(1), reason=EVIL, trouble="no such word")
    found = seen(server, people=(who("eve", shown=EVIL, group=EVIL),))
    pages = ClassPages(Look(title=EVIL))
    shared = {"xsrf": EVIL, "said": EVIL, "error": EVIL, "longest": 9, "can": ("message", "reset", "close")}
    for template, values in (("class", {"seen": found}), ("live", {"seen": found}), ("person", {"row": found.rows[0]})):
        text = pages.show(template, language, "/services/class/", query={"name": EVIL}, **shared, **values)
        assert "<img" not in text
        assert "&lt;img src=x" in text
        assert " style=" not in text and "javascript:" not in text and "onclick" not in text


@pytest.mark.parametrize(("state", "offered"), [("closed", "open"), ("running", "close")])
def test_of_closing_and_opening_only_the_one_that_can_be_is_shown(state: str, offered: str) -> None:
    """The script follows what is so by now, so both are there."""
    found = view(StatusReport("course", state, "machine", "http://x/", "codes", "1", ()), (), {}, NOW)
    shared = {"xsrf": "", "said": "", "error": "", "longest": 9, "can": ("message", "close")}
    text = ClassPages(Look()).show("class", "en", "/services/class/", query={}, seen=found, **shared)
    orders = re.findall(r'<details data-when="\w+"( hidden)?>.*?name="action" value="(\w+)"', text, re.DOTALL)
    assert {action: not hidden for hidden, action in orders} == {
        "open": offered == "open",
        "close": offered == "close",
    }
    assert f'data-hub="{"closed" if state == "closed" else "open"}"' in text


def test_both_languages_have_the_same_words() -> None:
    pages = ClassPages(Look())
    assert pages.words("en").keys() == pages.words("de").keys()
