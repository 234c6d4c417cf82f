"""The organiser's page in a real browser: what a teacher does there, and what nobody else can."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.hubs import Hub

from .test_browser import CHROMIUM, PATIENCE, QUIET

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: sudo apt install chromium")
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


def logged_in(browser: Browser, hub: Hub, name: str, next_page: str, **options: Any) -> Page:
    """Somebody in a browser of their own, at a page of the hub's. Their password is set first."""
    hub.run("participants", "password", name, input="a good sentence\n")
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{hub.url}hub/login?next=%2F{next_page.replace('/', '%2F')}")
    page.fill("#username_input", name)
    page.fill("#password_input", "a good sentence")
    page.click("#login_submit")
    return page


def do(page: Page, title: str, **fields: str) -> str:
    """Carry one action of the page out; what it says afterwards."""
    page.click(f"summary:has-text('{title}')")
    for selector, text in fields.items():
        page.fill(f"#{selector}", text)
    page.click("details[open] button")
    return page.inner_text("[role=status]")


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SKRT_HUB_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_teacher_sees_the_class_and_helps_and_nobody_else_does(
    make_hub: Callable[..., Hub], browser: Browser
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    hub = make_hub(login="codes", organisers=["maria"], participants=PEOPLE, page={"title": "The course"})
    hub.run("up")
    anna = logged_in(browser, hub, "anna", "hub/spawn")
    anna.wait_for_selector("#jp-main-dock-panel")
    assert anna.goto(hub.url + PAGE).status == 403  # type: ignore[union-attr]
    anna.goto(f"{hub.url}user/anna/lab")
    anna.wait_for_selector("#jp-main-dock-panel")

    maria = logged_in(browser, hub, "maria", PAGE, locale="en-GB")
    maria.on("dialog", lambda dialog: pytest.fail("a name became a script"))
    maria.wait_for_selector("tr.in:has-text('Anna Müller')")
    assert maria.inner_text("tr:has-text('eve') a") == PEOPLE[1]["name"]
    maria.wait_for_selector("tr.in td:nth-child(4):not(.none)")  # the second look tells the processors
    assert re.search(r"\d+ MB", maria.inner_text("tr.in"))
    assert Axe().run(maria).response["violations"] == []
    picture(maria, "class")

    maria.click("text=Anna Müller")
    assert "1 people" in do(maria, "Send a message", text_one="Lunch at <b>12</b>")
    anna.wait_for_selector("text=Lunch at <b>12</b>")
    assert Axe().run(maria).response["violations"] == []
    picture(maria, "person")
    before = hub.status()["servers"][0]["since"]
    assert "starting" in do(maria, "Restart the server")
    maria.reload()
    assert hub.status()["servers"][0]["since"] != before

    maria.goto(f"{hub.url}{PAGE}person?name=eve")
    maria.click("summary:has-text('New log-in code')")
    maria.click("details[open] button")
    code = maria.inner_text("#code")
    assert code.count("-") == 3
    eve = hub.person("eve", code)
    assert "choose-password" in eve.log_in()
    maria.goto(f"{hub.url}{PAGE}person?name=o%27brien")
    assert "disabled" in do(maria, "Disable")

    maria.goto(hub.url + PAGE)
    assert "closed" in do(maria, "Close the hub")
    maria.wait_for_selector("text=Not in")
    while hub.status()["state"] != "closed":
        maria.wait_for_timeout(200)
    assert anna.goto(f"{hub.url}user/anna/lab").status == 403  # type: ignore[union-attr]
    anna.goto(f"{hub.url}hub/home")
    anna.wait_for_selector("text=closed for now")
    maria.goto(hub.url + PAGE)
    assert "open" in do(maria, "Open the hub")
    while hub.status()["state"] != "running":
        maria.wait_for_timeout(200)
    anna.goto(f"{hub.url}user/anna/lab")
    anna.wait_for_selector("#jp-main-dock-panel")

    with maria.expect_download() as download:
        maria.goto(hub.url + PAGE)
        maria.click("text=Table (CSV)")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert {row["name"]: row["shown"] for row in rows}["o'brien"] == "'=1+1"

    phone = browser.new_context(storage_state=maria.context.storage_state(), color_scheme="dark", **PHONE).new_page()
    phone.goto(hub.url + PAGE)
    phone.wait_for_selector("text=Der Kurs")
    assert Axe().run(phone).response["violations"] == []
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(phone, "class-phone")

    maria.goto(f"{hub.url}hub/spawn")
    maria.wait_for_selector("#jp-main-dock-panel")
    assert maria.evaluate(TRY) == [403] * 5
    log = hub.run("logs", "page").stdout
    for words in ("maria from 127.0.0.1: restart anna: done", "reset eve: done", "close everybody: done"):
        assert words in log
    assert code not in log
