"""The hub is closed and opened while somebody works, in a real browser: JupyterLab says so, and the work goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsers import do, log_in, needs_chromium, picture
from tests.support.hubs import Hub

from .test_browser import Visitor

pytestmark = [needs_chromium, pytest.mark.long]
CLOSED = "#skrt-closed >> text=The hub is closed for now. Your work goes on"
CELL = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-CodeCell >> nth="


def run_cell(page: Page, number: int, code: str) -> None:
    page.click(f"{CELL}{number} >> .cm-content")
    page.keyboard.type(code)
    page.keyboard.press("Shift+Enter")


def printed(page: Page, number: int, text: str) -> None:
    page.wait_for_selector(f"{CELL}{number} >> .jp-OutputArea-output:has-text('{text}')")


def stays_closed(page: Page) -> None:
    """The line is there, and no dialog comes."""
    page.wait_for_selector(CLOSED)
    page.wait_for_timeout(15_000)  # JupyterLab asks for its kernels and its server every ten seconds
    assert page.locator(".jp-Dialog").count() == 0, page.inner_text(".jp-Dialog")


@pytest.fixture
def room(make_hub: Callable[..., Hub]) -> Hub:
    hub = make_hub(organisers=["maria"])
    hub.run("up")
    hub.run("participants", "password", "maria", input="a good sentence\n")
    return hub


def test_two_notebooks_go_on_when_the_hub_is_open_again(room: Hub, browser: Browser) -> None:
    anna = Visitor(browser, room, "anna")
    page = anna.page
    anna.submit_log_in()
    anna.wait_for_lab()
    for name in ("first", "second"):
        if name == "second":
            page.click('.lm-TabBar-tabLabel:text-is("Start")')
        page.click("text=New notebook")
        page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden)")
        anna.wait_for_kernel()
        run_cell(page, 0, f"x = '{name} goes on'")
    assert page.locator(".jp-NotebookPanel").count() == 2

    room.run("close")
    stays_closed(page)
    picture(page, "closed-while-at-work")
    run_cell(page, 1, "print(x)")  # waits
    room.run("open", "--no-browser")
    page.wait_for_selector(CLOSED, state="hidden")
    printed(page, 1, "second goes on")
    picture(page, "open-again")

    maria = browser.new_context(locale="en-GB").new_page()
    log_in(maria, room.url, "maria", "a good sentence", "services/class/")
    assert "closed" in do(maria, "Close the hub")
    stays_closed(page)
    maria.wait_for_selector("summary:has-text('Open the hub')")
    do(maria, "Open the hub")
    page.wait_for_selector(CLOSED, state="hidden")
    page.click('.lm-TabBar-tabLabel:text-is("Untitled.ipynb")')
    run_cell(page, 1, "print(x)")
    printed(page, 1, "first goes on")
    assert page.locator(".jp-Dialog").count() == 0


def test_a_phones_layout_is_not_the_laptops(room: Hub, browser: Browser) -> None:
    anna = Visitor(browser, room, "anna")
    anna.submit_log_in()
    anna.wait_for_lab()
    anna.page.wait_for_selector("#jp-left-stack", state="visible")
    state = anna.page.context.storage_state()
    wide = anna.page.evaluate("document.getElementById('jp-left-stack').offsetWidth")
    anna.page.close()

    small = browser.new_context(
        storage_state=state, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    )
    phone = small.new_page()
    for _ in range(2):
        phone.goto(f"{room.url}user/anna/lab")
        phone.wait_for_url("**/lab/workspaces/narrow**")
        phone.wait_for_selector("#jp-main-dock-panel")
        phone.wait_for_selector("#jp-left-stack", state="hidden")
        phone.wait_for_timeout(3000)
        picture(phone, "phone")
        phone.click(".jp-SideBar.jp-mod-left .lm-TabBar-tab >> nth=0")  # the file list is opened, and left so
        phone.wait_for_selector("#jp-left-stack", state="visible")
        phone.wait_for_timeout(3000)  # JupyterLab keeps the layout a moment later

    laptop = browser.new_context(storage_state=state, viewport={"width": 1280, "height": 860}).new_page()
    laptop.goto(f"{room.url}user/anna/lab")
    laptop.wait_for_selector("#jp-left-stack", state="visible")
    laptop.wait_for_timeout(2000)
    assert abs(laptop.evaluate("document.getElementById('jp-left-stack').offsetWidth") - wide) < 20
    picture(laptop, "laptop-after-phone")


def test_refusals_are_in_the_look_and_the_language_of_the_hub(room: Hub, browser: Browser) -> None:
    anna = Visitor(browser, room, "anna")
    anna.submit_log_in()
    anna.wait_for_lab()
    state = anna.page.context.storage_state()
    page = browser.new_context(storage_state=state, locale="de-DE").new_page()
    for path, status, words in (
        ("services/class/", 403, "Diese Seite ist nicht für Sie"),
        ("hub/nowhere", 404, "Diese Seite gibt es nicht"),
    ):
        answer = page.goto(room.url + path)
        assert answer is not None and answer.status == status
        assert words in page.inner_text("h1")
        assert page.evaluate("getComputedStyle(document.querySelector('main')).borderRadius") != "0px", "its style came"
        picture(page, f"refused-{status}")
    page.click("text=Zurück zum Arbeitsplatz")
    page.wait_for_selector("#jp-main-dock-panel")
