"""A hub that gives each server an own origin: on loopback, by names below `localhost`, which Chromium knows."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsers import PATIENCE, needs_chromium
from tests.support.hubs import Hub

from .test_visitors import OPEN_PAGE

pytestmark = [
    pytest.mark.long,
    needs_chromium,
]

HOSTILE = OPEN_PAGE.replace("self.write(PAGE)", 'self.set_header("Clear-Site-Data", \'"cookies"\'); self.write(PAGE)')


@pytest.fixture(scope="module")
def hub(running: Hub) -> Hub:
    """Everybody has a name below the hub's own."""
    public = address(running)
    running.configure(public_url=public, participant_url=public.replace("//", "//*."), organisers=["olga"])
    running.run("up")
    return running


def address(hub: Hub, name: str = "") -> str:
    return f"http://{name and name + '.'}hub.localhost:{hub.port}"


def at_hub(hub: Hub, browser: Browser, name: str) -> Page:
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address(hub)}/hub/login?next=%2Fhub%2Fhome")
    page.fill("#username_input", name)
    page.fill("#password_input", "correct horse")
    page.click("#login_submit", no_wait_after=True)
    page.wait_for_url("**/hub/home")
    return page


@pytest.fixture(scope="module")
def open_page(hub: Hub, browser: Browser) -> str:
    """The address of a page of Mallory's that everybody may open."""
    page = at_hub(hub, browser, "mallory")
    page.goto(f"{address(hub)}/hub/spawn")
    page.wait_for_selector("#jp-main-dock-panel")
    folder = hub.state / "homes" / "mallory" / ".jupyter"
    folder.mkdir(exist_ok=True)
    (folder / "jupyter_server_config.py").write_text(HOSTILE, encoding="utf-8")
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, folder.parent.stat().st_uid, folder.parent.stat().st_gid)
    page.goto(f"{address(hub)}/hub/home")
    page.click("#stop")
    page.wait_for_selector("#start:has-text('Start')")
    page.goto(f"{address(hub)}/hub/spawn")
    page.wait_for_selector("#jp-main-dock-panel")
    return f"{address(hub, 'mallory')}/user/mallory/open"


def test_a_servers_pages_are_another_origin_than_the_hubs(hub: Hub, browser: Browser) -> None:
    public = address(hub)
    page = at_hub(hub, browser, "anna")
    page.goto(f"{public}/hub/spawn")
    page.wait_for_selector("#jp-main-dock-panel")
    assert page.evaluate("location.origin") == address(hub, "anna")
    asked = f"fetch('{public}/hub/home', {{credentials: 'include'}}).then(() => 'read', () => 'kept out')"
    assert page.evaluate(asked) == "kept out"
    hub.run("audit", "--no-limits")


@pytest.mark.parametrize("path", ["/", "/hub/login", "/hub/home?x=y", "/services/class/", "/hub/api/user"])
def test_a_participants_name_shows_no_page_of_the_hub(hub: Hub, path: str) -> None:
    """It would be of one origin with that participant's own pages, which could read what is typed there."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:  # type: ignore[override]
            return None

    host = f"mallory.hub.localhost:{hub.port}"
    asked = urllib.request.Request(f"{hub.url.rstrip('/')}{path}", headers={"Host": host})
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(Stay, urllib.request.ProxyHandler({})).open(asked, timeout=30)
    assert answer.value.code == 302
    assert answer.value.headers["Location"] == address(hub) + path


def test_a_page_of_anothers_logs_nobody_out_and_gives_no_orders(hub: Hub, browser: Browser, open_page: str) -> None:
    page = at_hub(hub, browser, "bea")
    page.goto(open_page)
    assert "the open page" in page.content()
    order = """(to) => { const form = document.createElement('form'); form.method = 'POST'; form.action = to;
        document.head.innerHTML = '<meta name="referrer" content="no-referrer">'; document.body.append(form);
        form.submit(); }"""
    for path in ("/hub/login", "/hub/logout", "/services/class/do"):
        page.goto(open_page)
        with page.expect_response(f"{address(hub)}{path}") as answer:
            page.evaluate(order, address(hub) + path)
        assert answer.value.status == 403
        page.wait_for_url(f"{address(hub)}{path}")  # else the next page would be asked for while this one still comes
    page.goto(f"{address(hub)}/hub/home")
    assert page.locator("#username_input").count() == 0, "still logged in"
