"""Sizes of servers as a participant chooses them, in a real browser, and as the sandbox holds them."""

from __future__ import annotations

import asyncio
import urllib.error
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser

from skrt_hub.bench.participant import Journey, Participant, ParticipantError
from tests.support.hubs import Hub

from .test_browser import Visitor

PROFILES = [
    {"name": "Small", "description": "to look at images", "limits": {"memory": "700 MB", "cpu": 1}},
    {"name": "Large", "description": "for registrations", "limits": {"memory": "3 GB", "cpu": 2}},
]
TELLS = "import os; assert os.environ['MEM_LIMIT'] == '{memory}' and os.environ['CPU_LIMIT'] == '{cpu}', os.environ"


def execute(hub: Hub, name: str, cell: str) -> None:
    """Run a cell as somebody; on a thread, because Playwright has this one's event loop."""

    async def run() -> None:
        async with asyncio.timeout(60), Participant(hub.url, name, "correct horse") as person:
            await person.enter(Journey(name))
            await person.execute(cell)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()


def sizes(hub: Hub) -> dict[str, str]:
    return {server["name"]: server["profile"] for server in hub.status()["servers"]}


@pytest.mark.long
def test_a_size_is_chosen_and_held(make_hub: Callable[..., Hub], browser: Browser) -> None:
    hub = make_hub(profiles=PROFILES)
    hub.run("up")
    anna = Visitor(browser, hub, "anna")
    anna.submit_log_in()
    anna.page.wait_for_selector("#spawn_form")
    anna.picture("profiles")
    assert anna.page.is_checked("#profile-small"), "the first is for who does not choose"
    assert "for registrations (3 GB of memory, 2 processors)" in anna.page.inner_text("#spawn_form")
    anna.page.click("text=Large")
    anna.page.click("#spawn_form button[type=submit]", no_wait_after=True)
    anna.wait_for_lab()
    execute(hub, "anna", TELLS.format(memory=3 * 10**9, cpu=2))
    execute(hub, "bob", TELLS.format(memory=700 * 10**6, cpu=1))
    assert sizes(hub) == {"anna": "Large", "bob": "Small"}
    assert "Large" in hub.run("status").stdout
    # bob's limit is held: the kernel that needs more is ended.
    with pytest.raises((ParticipantError, TimeoutError)):
        execute(hub, "bob", "much = b'x' * 2_000_000_000")
    execute(hub, "anna", "much = b'x' * 2_000_000_000")
    # Started again by the organiser, a server has the size that its participant chose.
    hub.run("participants", "restart", "anna")
    hub.person("anna").log_in()
    execute(hub, "anna", TELLS.format(memory=3 * 10**9, cpu=2))


@pytest.mark.long
def test_a_size_that_there_is_not_is_refused(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(profiles=PROFILES)
    hub.run("up")
    eva = hub.person("eva", "correct horse")
    eva.log_in()
    for forged in ("huge", ["large"], {"memory": 2**40}):
        with pytest.raises(urllib.error.HTTPError) as told:
            eva.hub_api("POST", "users/eva/server", {"profile": forged})
        assert told.value.code == 422
        assert "There is no such size of server" in told.value.read().decode()
    assert sizes(hub) == {}
    status, _, page = eva.get("hub/spawn?opt-profile=huge")
    assert status == 422
    assert sizes(hub) == {}
    assert "There is no such size of server" in page
    assert 'id="profile-large"' in page, "and the choice is there again"
    eva.hub_api("POST", "users/eva/server", {"profile": "large", "memory": "900 GB"})
    eva.server()
    assert sizes(hub) == {"eva": "Large"}


@pytest.mark.long
def test_a_server_of_a_size_that_is_gone_runs_on_and_starts_again_with_the_first(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(profiles=PROFILES)
    hub.run("up")
    eva = hub.person("eva", "correct horse")
    eva.log_in()
    eva.hub_api("POST", "users/eva/server", {"profile": "large"})
    eva.server()
    hub.configure(profiles=[PROFILES[0], {**PROFILES[1], "name": "Medium"}])
    hub.run("up")
    assert sizes(hub) == {"eva": "Large"}
    assert eva.api("GET", "api/kernels") == []
    hub.run("participants", "restart", "eva")
    eva.server()
    assert sizes(hub) == {"eva": "Small"}
