"""The organiser's page in a real browser: what a teacher does there, and what nobody else can."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.support.browsers import PATIENCE, do, log_in, needs_chromium, ordered, picture
from tests.support.hubs import Hub
from tests.support.tools import Tool

pytestmark = [needs_chromium, pytest.mark.long]
PAGE = "services/class/"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "locale": "de-DE"}
PEOPLE = [
    {"login": "anna", "name": "Anna Müller", "group": "A"},
    {"login": "eve", "name": "<img src=x onerror=alert(1)>", "group": "</td><script>alert(2)</script>"},
    {"login": "o'brien", "name": "=1+1"},
]
# What a page of a server could try: it is of the same origin as the organiser's page.
TRY = """async () => {
    const tried = [['', {}], ['live', {}], ['live', {headers: {'X-XSRFToken': 'guessed'}}], ['class.csv', {}],
        ['do', {method: 'POST', body: new URLSearchParams({action: 'close'}), referrer: '/services/class/'}]];
    const found = [];
    for (const [path, options] of tried) {
        found.push((await fetch('/services/class/' + path, options)).status);
    }
    return found;
}"""


def logged_in(browser: Browser, hub: Hub, name: str, next_page: str, **options: Any) -> Page:
    """Somebody in a browser of their own, at a page of the hub's. Their password is set first."""
    hub.run("participants", "password", name, input="a good sentence\n")
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(PATIENCE)
    log_in(page, hub.url, name, "a good sentence", next_page)
    return page


@pytest.fixture(scope="module")
def room(own_tool: Tool) -> Iterator[Hub]:
    """A hub with codes, an organiser and three participants."""
    root = Path(tempfile.mkdtemp(prefix="skrt-hub-test-"))
    root.chmod(0o755)
    hub = Hub(own_tool, root)
    hub.configure(login="codes", organisers=["maria"], participants=PEOPLE, page={"title": "The course"})
    hub.run("up")
    yield hub
    hub.remove()


@pytest.fixture(scope="module")
def anna(room: Hub, browser: Browser) -> Page:
    """A participant at work."""
    page = logged_in(browser, room, "anna", "hub/spawn")
    page.wait_for_selector("#jp-main-dock-panel")
    return page


@pytest.fixture(scope="module")
def maria(room: Hub, anna: Page, browser: Browser) -> Page:
    """The organiser, at the class's page."""
    page = logged_in(browser, room, "maria", PAGE, locale="en-GB")
    page.on("dialog", lambda dialog: pytest.fail("a name became a script"))
    page.wait_for_selector("tr.in:has-text('Anna Müller')")
    return page


def until(hub: Hub, page: Page, state: str) -> None:
    while hub.status()["state"] != state:
        page.wait_for_timeout(200)


def test_the_class_is_seen_as_it_is(room: Hub, maria: Page) -> None:
    maria.goto(room.url + PAGE)
    maria.wait_for_selector("tr.in td:nth-child(4):not(.none)")  # the second look tells the processors
    assert maria.inner_text("tr:has-text('eve') a") == PEOPLE[1]["name"]
    assert re.search(r"\d+ MB", maria.inner_text("tr.in"))
    assert Axe().run(maria).response["violations"] == []
    picture(maria, "class", whole=True)
    with maria.expect_download() as download:
        maria.click("text=Table (CSV)")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert {row["name"]: row["shown"] for row in rows}["o'brien"] == "'=1+1"


def test_on_a_phone_in_the_dark(room: Hub, maria: Page, browser: Browser) -> None:
    phone = browser.new_context(storage_state=maria.context.storage_state(), color_scheme="dark", **PHONE).new_page()
    phone.goto(room.url + PAGE)
    phone.wait_for_selector("text=Der Kurs")
    assert Axe().run(phone).response["violations"] == []
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(phone, "class-phone", whole=True)


def test_one_person_is_helped(room: Hub, anna: Page, maria: Page) -> None:
    maria.goto(f"{room.url}{PAGE}person?name=anna")
    assert "1 people" in do(maria, "Send a message", text_one="Lunch at <b>12</b>")
    anna.wait_for_selector("text=Lunch at <b>12</b>")
    assert Axe().run(maria).response["violations"] == []
    picture(maria, "person", whole=True)
    before = room.status()["servers"][0]["since"]
    assert "starting" in do(maria, "Restart the server")
    assert room.status()["servers"][0]["since"] != before
    maria.goto(f"{room.url}{PAGE}person?name=o%27brien")
    assert "disabled" in do(maria, "Disable")
    maria.goto(f"{room.url}{PAGE}person?name=eve")
    maria.click("summary:has-text('New log-in code')")
    maria.click("details[open] button")
    code = maria.inner_text("#code")
    assert "choose-password" in room.person("eve", code).log_in()
    log = room.run("logs", "page").stdout
    for words in ("maria from 127.0.0.1: restart anna: done", "reset eve: done", "disable o'brien: done"):
        assert words in log
    assert code not in log


def test_notebooks_are_looked_at_only_while_their_owner_shows_them(room: Hub, anna: Page, maria: Page) -> None:
    notebook = f"{room.url}{PAGE}shown?name=anna&path=examples%2F01_loading_and_viewing.ipynb"
    assert maria.goto(notebook).status == 409  # type: ignore[union-attr]
    anna.goto(f"{room.url}user/anna/lab")
    anna.click("text=File >> nth=0")
    anna.click("text=Let Organisers Look at My Notebooks")
    anna.click(".jp-Dialog button:has-text('Show')")
    anna.wait_for_selector("#skrt-showing >> text=Organisers may look at your notebooks until")
    picture(anna, "showing")
    maria.goto(f"{room.url}{PAGE}person?name=anna")
    maria.click("text=Notebooks shown to organisers")
    maria.click("text=examples/01_loading_and_viewing.ipynb")
    maria.wait_for_selector("pre:has-text('Loading and viewing images')")
    assert Axe().run(maria).response["violations"] == []
    picture(maria, "shown-notebook")
    anna.reload()
    anna.click("#skrt-showing button")
    anna.wait_for_selector("#skrt-showing", state="hidden")
    assert maria.goto(notebook).status == 409  # type: ignore[union-attr]
    assert "maria from 127.0.0.1: looked at the notebooks of anna" in room.run("logs", "page").stdout


def test_a_whole_folder_is_handed_out(room: Hub, anna: Page, maria: Page, tmp_path: Path) -> None:
    tasks = tmp_path / "week-2" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "a.txt").write_text("1 + 1 =")
    (tasks.parent / "read.txt").write_text("first")
    maria.goto(f"{room.url}{PAGE}course")
    told = ordered(maria, "hand-out", whole=str(tmp_path / "week-2"), folder="week-2")
    assert "In each home: week-2/read.txt, week-2/tasks/" in told
    while not (room.state / "homes/anna/week-2/tasks/a.txt").exists():
        anna.wait_for_timeout(200)
    assert not (room.state / "homes/anna/week-2/week-2").exists()
    assert Axe().run(maria).response["violations"] == []
    picture(maria, "course-folder", whole=True)


def test_closed_is_closed_for_participants(room: Hub, anna: Page, maria: Page) -> None:
    maria.goto(room.url + PAGE)
    assert "closed" in do(maria, "Close the hub")
    until(room, maria, "closed")
    maria.wait_for_selector("summary:has-text('Open the hub')")
    assert maria.locator("text=The hub is closed for participants.").count() == 1
    assert maria.locator("text=The hub is being closed.").count() == 0
    assert anna.goto(f"{room.url}user/anna/lab").status == 503  # type: ignore[union-attr]
    anna.goto(f"{room.url}hub/home")
    anna.wait_for_selector("text=closed for now")
    assert "open" in do(maria, "Open the hub")
    until(room, maria, "running")
    maria.wait_for_selector("summary:has-text('Close the hub')")
    maria.wait_for_selector("[role=status]:has-text('The hub is open.')")
    anna.goto(f"{room.url}user/anna/lab")
    anna.wait_for_selector("#jp-main-dock-panel")


def test_nobody_else_gets_there(room: Hub, anna: Page, maria: Page) -> None:
    assert anna.goto(room.url + PAGE).status == 403  # type: ignore[union-attr]
    maria.goto(f"{room.url}hub/spawn")
    maria.wait_for_selector("#jp-main-dock-panel")
    assert maria.evaluate(TRY) == [403] * 5
    # Whoever is no organiser any more has the page no longer, though still logged in there.
    settings = {"login": "codes", "participants": [*PEOPLE, "maria"], "page": {"title": "The course"}}
    room.configure(**settings, organisers=["somebody"])
    room.run("up")
    maria.goto(room.url + PAGE)
    assert "The class" not in maria.inner_text("body")
