"""Chromium as the tests start it, and what they do in it on a hub's pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE = 120_000  # milliseconds
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_QUIET += ["--disable-component-update", "--disable-sync"]
_NONE = "no Chromium here: sudo apt install chromium"

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=_NONE)
"""For modules in which every test looks at pages."""


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip(_NONE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_QUIET, *arguments])
        yield started
        started.close()


@contextmanager
def another(browser: Browser, *arguments: str) -> Iterator[Browser]:
    """A second browser beside one that runs."""
    started = browser.browser_type.launch(executable_path=CHROMIUM, args=[*_QUIET, *arguments])
    yield started
    started.close()


def picture(page: Page, name: str, *, whole: bool = False) -> None:
    """A picture of what is seen, or of the whole page, where SKRT_HUB_TEST_PICTURES names a folder."""
    if folder := os.environ.get("SKRT_HUB_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)


def log_in(page: Page, url: str, name: str, password: str, path: str) -> None:
    """Log in at the hub of this address, and be led to a page of it."""
    page.goto(f"{url}hub/login?next=%2F{path.replace('/', '%2F')}")
    page.fill("#username_input", name)
    page.fill("#password_input", password)
    page.click("#login_submit")


def do(page: Page, title: str, *, no_wait_after: bool = False, **fields: str) -> str:
    """Carry one action of the class's page out; what it says afterwards."""
    page.click(f"summary:has-text('{title}')")
    for selector, text in fields.items():
        page.fill(f"#{selector}", text)
    page.click("details[open] button", no_wait_after=no_wait_after)
    return page.inner_text("[role=status]")


def ordered(page: Page, action: str, **fields: str) -> str:
    """What came of an order on the page about files, as far as it is shown first."""
    form = page.locator(f"form:has(input[value='{action}'])")
    form.locator("xpath=..").locator("summary").click()
    for selector, text in fields.items():
        element = form.locator(f"#{selector}")
        if element.evaluate("element => element.tagName") == "SELECT":
            element.select_option(text)
        elif element.get_attribute("type") == "file":
            element.set_input_files(text)
        else:
            element.fill(text)
    form.locator("button").click()
    page.wait_for_selector("#live section:first-of-type h2")
    page.wait_for_function(
        "() => !document.querySelector('#live [role=status]')", timeout=4 * PATIENCE
    )  # a self-test beside a class takes long
    return page.locator("#live section").first.inner_text()
