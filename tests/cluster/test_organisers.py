"""The class's page of a hub on a real cluster, in a browser: what an organiser sees and does there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsers import do, log_in, ordered, picture

from .conftest import Hub
from .test_class import PASSWORD, new_page, set_password

PAGE = "services/class/"


@pytest.fixture(scope="module")
def room(hub: Hub) -> Iterator[Hub]:
    """The hub with codes, an organiser, and two participants."""
    hub.configure(login={"kind": "codes"}, participants=["anna", "ben"], organisers=["maria"])
    told = hub.run("up")
    assert any(PAGE in line for line in told["lines"])
    for name in ("anna", "ben", "maria"):
        set_password(hub, name, PASSWORD)
    yield hub
    hub.configure()
    hub.run("up")


def logged_in(browser: Browser, hub: Hub, name: str, path: str) -> Page:
    page = new_page(browser)
    log_in(page, hub.url, name, PASSWORD, path)
    return page


def until(hub: Hub, state: str) -> None:
    hub.wait_for(state, 60)


def test_the_class_is_seen_helped_closed_and_opened(room: Hub, browser: Browser) -> None:
    anna = logged_in(browser, room, "anna", "hub/spawn")
    anna.wait_for_selector("#jp-main-dock-panel")
    assert anna.goto(room.url + PAGE).status == 403  # type: ignore[union-attr]
    anna.goto(f"{room.url}user/anna/lab")
    anna.wait_for_selector("#jp-main-dock-panel")

    maria = logged_in(browser, room, "maria", f"{PAGE}?language=en")
    maria.wait_for_selector("tr.in:has-text('anna') td:nth-child(4):not(.none)")  # the second look tells the processors
    assert re.search(r"\d+ MB", maria.inner_text("tr.in:has-text('anna')"))
    picture(maria, "class-on-kubernetes", whole=True)
    maria.goto(f"{room.url}{PAGE}person?name=anna")
    assert "1 people" in do(maria, "Send a message", no_wait_after=True, text_one="Lunch at 12")
    anna.wait_for_selector("text=Lunch at 12")

    maria.goto(room.url + PAGE)
    assert "closed" in do(maria, "Close the hub", no_wait_after=True)
    until(room, "closed")
    anna.wait_for_selector("#skrt-closed span")
    anna.wait_for_timeout(12_000)  # JupyterLab asks for its kernels and its server every ten seconds
    assert anna.locator(".jp-Dialog").count() == 0
    picture(anna, "closed-at-work-on-kubernetes")
    anna.goto(f"{room.url}user/anna/api/contents")
    anna.wait_for_selector("text=geschlossen")
    assert "examples" not in anna.content(), "nothing of her server is seen"
    late = logged_in(browser, room, "ben", "hub/home")
    late.wait_for_selector("text=geschlossen")
    maria.goto(room.url + PAGE)
    picture(maria, "class-closed-on-kubernetes", whole=True)
    assert "open" in do(maria, "Open the hub", no_wait_after=True)
    until(room, "running")
    anna.goto(f"{room.url}user/anna/lab")
    anna.wait_for_selector("#jp-main-dock-panel")

    maria.goto(f"{room.url}{PAGE}person?name=ben")
    maria.click("summary:has-text('New log-in code')")
    maria.click("details[open] button")
    code = maria.inner_text("#code")
    maria.goto(f"{room.url}{PAGE}person?name=anna")
    assert do(maria, "Stop the server", no_wait_after=True)
    assert [server["name"] for server in room.run("status")["servers"]] == []
    log = "\n".join(room.run("logs", "page")["lines"])
    assert "message anna" in log
    assert code not in log


def test_files_are_handed_out_and_collected_and_notebooks_are_shown(
    room: Hub, browser: Browser, tmp_path: Path
) -> None:
    anna = logged_in(browser, room, "anna", "hub/spawn")
    anna.wait_for_selector("#jp-main-dock-panel")
    maria = logged_in(browser, room, "maria", f"{PAGE}course?language=en")
    exercise = tmp_path / "exercise.txt"
    exercise.write_text("What is the mean dose?", encoding="utf-8")
    assert "week-1" in ordered(maria, "hand-out", files=str(exercise), folder="week-1")
    assert "have examples/README.md" in ordered(maria, "collect", path="examples/README.md")
    picture(maria, "files-on-kubernetes", whole=True)

    anna.click("text=/^(File|Datei)$/ >> nth=0")
    anna.click("text=/Let Organisers Look at My Notebooks|Notebooks der Kursleitung zeigen/")
    anna.click(".jp-Dialog button:has-text('Show'), .jp-Dialog button:has-text('Zeigen')")
    anna.wait_for_selector("#skrt-showing button")
    notebook = f"{room.url}{PAGE}shown?name=anna&path=examples%2F01_loading_and_viewing.ipynb"
    maria.goto(notebook)
    maria.wait_for_selector("pre:has-text('Loading and viewing images')")
    anna.click("#skrt-showing button")
    anna.wait_for_selector("#skrt-showing", state="hidden")
    assert maria.goto(notebook).status == 409  # type: ignore[union-attr]


def test_the_page_comes_back_with_the_hubs_pod(room: Hub, browser: Browser) -> None:
    maria = logged_in(browser, room, "maria", PAGE)
    maria.wait_for_selector("#live")
    room.kubectl("delete", "pod", "--selector=component=hub")
    room.kubectl("rollout", "status", "deployment/hub", "--timeout=90s")
    for _ in range(60):
        answer = maria.goto(room.url + PAGE)
        if answer is not None and answer.status == 200:
            break
        maria.wait_for_timeout(1000)
    maria.wait_for_selector("#live")
    assert room.run("status")["components"]["page"] == "running"
