"""JupyterLab's side bar shows how far cohorts are, and cancels them, in a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

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


BUSY = """
import time
from distributed import Client, LocalCluster
cluster = LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="600MB")
client = Client(cluster)
def register(number):
    import time
    time.sleep(0.3 + number % 5 / 10)
    return number
def load(number):
    import time
    time.sleep(0.2)
    return number
loaded = client.map(load, range(400))
futures = client.map(register, loaded)
open("link.txt", "w").write(cluster.dashboard_link)
"""


@pytest.mark.long
def test_dasks_pages_move_in_a_browser(make_hub: Callable[..., Hub], browser: Browser) -> None:
    """They are drawn by a line that stays open, which must come through hub and server, too."""
    hub = make_hub(limits={"cpu": 2, "memory": "2 GB"})
    hub.run("up")
    anna = Visitor(browser, hub, "anna")
    anna.submit_log_in()
    anna.wait_for_lab()

    async def begin() -> None:
        async with Participant(hub.url, "anna", "correct horse") as person:
            await person.enter(Journey("anna"))
            await person.execute(BUSY)

    run_aside(begin())
    link = (hub.state / "homes/anna/link.txt").read_text()
    if not link.startswith("/user/anna/"):
        pytest.skip("the sandbox shares the machine's network")
    moved: list[int] = []

    def look(content: bytes | str) -> None:
        moved.append(len(content))

    anna.page.on("websocket", lambda line: line.on("framereceived", look))
    anna.page.goto(f"{hub.url}{link[1:]}")
    until(lambda: anna.page.locator("canvas").count() > 2 and len(moved) > 20, anna.page)
    anna.page.wait_for_timeout(3000)
    anna.picture("dask")


def until(what: Callable[[], bool], page: Page, seconds: float = 60) -> None:
    """Wait while the browser goes on."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        page.wait_for_timeout(300)
