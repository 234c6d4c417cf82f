"""JupyterLab's side bar shows how far cohorts are, and cancels them, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from skrt_hub.bench.participant import Journey, Participant
from tests.support.aside import run_aside
from tests.support.hubs import Hub

from .test_browser import Visitor

PANEL = "#skrt-cohorts[data-ready]"
BEGIN = """
from skrt_workspace import cohort
def task(number):
    import time
    time.sleep(0.3)
    if number < 2:
        raise ValueError("<b>not</b> a patient")
    return number
cohort.run(task, range(10_000), name="night", wait=False)
"""


@pytest.mark.long
def test_the_side_bar_shows_and_cancels(make_hub: Callable[..., Hub], browser: Browser) -> None:
    hub = make_hub()
    hub.run("up")
    anna = Visitor(browser, hub, "anna")
    page = anna.page
    anna.submit_log_in()
    anna.wait_for_lab()
    page.click('.jp-SideBar .lm-TabBar-tab[data-id="skrt-cohorts"]')
    page.wait_for_selector(f"{PANEL} pre:has-text('cohort.run')")

    async def begin() -> None:
        async with Participant(hub.url, "anna", "correct horse") as person:
            await person.enter(Journey("anna"))
            await person.execute(BEGIN)

    run_aside(begin())
    page.wait_for_selector(f"{PANEL} .skrt-cohorts-error:has-text('0: ValueError: <b>not</b> a patient')")
    page.wait_for_selector(f"{PANEL} p:has-text('running')")
    anna.picture("cohorts")
    page.click(f"{PANEL} button:has-text('Cancel')")
    page.wait_for_selector(f"{PANEL} p:has-text('cancelled')")
    page.wait_for_selector(f"{PANEL} button:has-text('Try again')")
    anna.picture("cohorts-cancelled")
