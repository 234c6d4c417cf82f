"""The class's page with thirty scripted people: what an organiser does with all of them, and what a helper may.

The pictures in docs/pictures are taken here, where SKRT_HUB_TEST_PICTURES names a folder.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import time
import urllib.error
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.machine.hub.test_class_page import PAGE, PHONE, logged_in
from tests.support.browsers import needs_chromium, ordered, picture
from tests.support.hubs import Hub, Person
from tests.support.tools import Tool

pytestmark = [needs_chromium, pytest.mark.long]
GIVEN = ("Anna", "Ben", "Chen", "Dora", "Elif", "Finn", "Gül", "Hugo", "Ida", "Jakub")
FAMILY = ("Müller", "Okafor", "Nguyen")
PEOPLE = [
    {"login": f"p{number:02}", "name": f"{GIVEN[number % 10]} {FAMILY[number % 3]}", "group": "AB"[number % 2]}
    for number in range(1, 31)
]
COME = [str(who["login"]) for who in PEOPLE[:24]]
FULL = "p07"


@pytest.fixture(scope="module")
def room(own_tool: Tool) -> Iterator[Hub]:
    """A hub for thirty people, with an organiser, a helper, and a place for copies."""
    root = Path(tempfile.mkdtemp(prefix="skrt-hub-test-"))
    root.chmod(0o755)
    hub = Hub(own_tool, root)
    hub.configure(
        organisers=["maria"],
        helpers=["hans"],
        participants=PEOPLE,
        page={"title": "Image registration"},
        limits={"home": "100 MB"},
        saves={"place": str(root / "copies")},
    )
    hub.run("up")
    yield hub
    hub.remove()


def at_work(room: Hub, name: str) -> Person:
    """Somebody at work; with all of them at once, each may have to wait."""
    person = room.person(name)
    person.log_in()
    person.server(deadline=300)
    return person


@pytest.fixture(scope="module")
def people(room: Hub) -> dict[str, Person]:
    """Twenty-four of them at work; the home of one is full."""
    with ThreadPoolExecutor(6) as pool:
        there = dict(zip(COME, pool.map(partial(at_work, room), COME), strict=True))
    with (room.state / "homes" / FULL / "large.bin").open("wb") as file:
        file.write(b"x" * 120_000_000)
    return there


@pytest.fixture(scope="module")
def maria(room: Hub, people: dict[str, Person], browser: Browser) -> Page:
    """The organiser, in a window."""
    page = logged_in(browser, room, "maria", PAGE, locale="en-GB", viewport={"width": 1180, "height": 900})
    page.on("dialog", lambda dialog: pytest.fail("a name became a script"))
    return page


def wait_for(person: Person, path: str, seconds: float = 60) -> None:
    """Until a file is in somebody's home, as their own server tells."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.HTTPError):
            person.api("GET", f"api/contents/{path}?content=0")
            return
        time.sleep(0.5)
    pytest.fail(f"{path} did not come to {person.name}")


def test_the_whole_class_at_a_glance(room: Hub, people: dict[str, Person], maria: Page, browser: Browser) -> None:
    maria.goto(room.url + PAGE)
    maria.wait_for_selector("tr.stuck")
    maria.wait_for_selector("tr.in td:nth-child(4):not(.none)")
    assert maria.inner_text("tbody tr:first-child").startswith("Hugo Okafor")
    assert "the home is full" in maria.inner_text("tr.stuck")
    assert maria.inner_text(".counts li:nth-child(1)").split() == ["In", "23"]
    assert maria.locator("tbody tr").count() == 32
    assert Axe().run(maria).response["violations"] == []
    picture(maria, "class-page")
    phone = browser.new_context(storage_state=maria.context.storage_state(), color_scheme="dark", **PHONE).new_page()
    phone.goto(room.url + PAGE + "course")
    assert Axe().run(phone).response["violations"] == []
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(phone, "course-phone", whole=True)


def test_files_go_to_everybody_and_come_back(room: Hub, people: dict[str, Person], maria: Page, tmp_path: Path) -> None:
    exercise = tmp_path / "exercise.txt"
    exercise.write_text("1 + 1 =\n", encoding="utf-8")
    maria.goto(f"{room.url}{PAGE}course")
    assert "week-1" in ordered(maria, "hand-out", files=str(exercise), folder="week-1")
    for name, answer in (("p03", "2"), ("p04", "3"), ("p05", "two")):
        wait_for(people[name], "week-1/exercise.txt")
        document = {"type": "file", "format": "text", "content": f"1 + 1 = {answer}\n"}
        people[name].api("PUT", "api/contents/week-1/exercise.txt", document)
    told = ordered(maria, "material")
    assert "p03 edited week-1/exercise.txt" in told and "p06 edited" not in told
    told = ordered(maria, "collect", path="week-1/exercise.txt", group="B")
    assert "have week-1/exercise.txt" in told
    assert Axe().run(maria).response["violations"] == []
    picture(maria, "class-page-files")
    with maria.expect_download() as download:
        maria.click("#live a[href$='collected.zip']")
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        names = set(archive.namelist())
        assert archive.read("collected/p03/exercise.txt") == b"1 + 1 = 2\n"
        manifest = json.loads(archive.read("collected/collected.json"))
    assert "collected/p04/exercise.txt" not in names, "p04 is in the other group"
    assert {row["participant"] for row in manifest["files"] if not row["as_given"]} == {"p03", "p05"}


def test_homes_are_saved_and_the_hub_is_tested(room: Hub, maria: Page) -> None:
    maria.goto(f"{room.url}{PAGE}course")
    assert "read back" in ordered(maria, "save")
    assert "verified" in ordered(maria, "saves")
    ordered(maria, "verify")
    maria.wait_for_selector("section:has-text('What the last self-test found') >> text=All is well.")
    log = room.run("logs", "page").stdout
    for words in ("hand-out 1 files in week-1: done", "collect week-1/exercise.txt of B: done", "save everybody: done"):
        assert f"maria from 127.0.0.1: {words}" in log


def test_a_helper_looks_and_restarts_and_gets_nothing_else(
    room: Hub, people: dict[str, Person], maria: Page, browser: Browser
) -> None:
    hans = logged_in(browser, room, "hans", PAGE, locale="en-GB")
    hans.wait_for_selector("tr.in, tr.idle")  # they may have rested meanwhile
    assert hans.locator("form").count() == 0
    picture(hans, "class-page-helper")
    assert hans.goto(f"{room.url}{PAGE}course").status == 403  # type: ignore[union-attr]
    hans.goto(f"{room.url}{PAGE}person?name=p02")
    hans.click("summary:has-text('Restart the server')")
    hans.click("details[open] button")
    assert "starting again" in hans.inner_text("[role=status]")
    key = hans.get_attribute("body", "data-key") or ""
    for path, form in (("do", {"action": "stop", "name": "p02"}), ("course-do", {"action": "save"})):
        answer = hans.request.post(f"{room.url}{PAGE}{path}", form={"_xsrf": key, **form})
        assert answer.status == 403
    assert "hans from 127.0.0.1: stop p02: refused" in room.run("logs", "page").stdout
