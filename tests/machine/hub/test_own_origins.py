"""A hub that gives each server an own origin: on loopback, by names below `localhost`, which Chromium knows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.support.browsers import PATIENCE, needs_chromium
from tests.support.hubs import Hub

pytestmark = [
    pytest.mark.long,
    needs_chromium,
]


def test_a_servers_pages_are_another_origin_than_the_hubs(make_hub: Callable[..., Hub], browser: Browser) -> None:
    hub = make_hub()
    public = f"http://hub.localhost:{hub.port}"
    hub.configure(public_url=public, participant_url=public.replace("//", "//*."))
    hub.run("up")
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(public)
    page.fill("#username_input", "anna")
    page.fill("#password_input", "correct horse")
    page.click("#login_submit", no_wait_after=True)
    page.wait_for_selector("#jp-main-dock-panel")
    assert page.evaluate("location.origin") == f"http://anna.hub.localhost:{hub.port}"
    asked = f"fetch('{public}/hub/home', {{credentials: 'include'}}).then(() => 'read', () => 'kept out')"
    assert page.evaluate(asked) == "kept out"
    hub.run("audit", "--no-limits")
