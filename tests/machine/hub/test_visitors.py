"""A participant whose server shows a page to everybody: what happens to those who follow a link to it.

The page does what such a page can: it asks the hub for a token in the visitor's name, and tells how that went.
"""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.browsers import needs_chromium
from tests.support.hubs import Hub, Person

from .test_faults import until

pytestmark = needs_chromium

# An own page without any log-in, in place of whatever the Jupyter server would show there.
OPEN_PAGE = '''
import jupyter_server.serverapp
from tornado.web import RequestHandler

PAGE = """<!doctype html><title>open</title><body>the open page</body>"""

class Open(RequestHandler):
    def get(self):
        self.set_header("Content-Type", "text/html")
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")
        self.set_header("Service-Worker-Allowed", "/")
        self.write(PAGE)

original = jupyter_server.serverapp.ServerApp.init_webapp
def init_webapp(self):
    original(self)
    self.web_app.add_handlers(".*", [(self.base_url + "open", Open)])
jupyter_server.serverapp.ServerApp.init_webapp = init_webapp
'''

TAKE_A_TOKEN = """async () => {
    const page = await (await fetch('/hub/token')).text();
    const found = page.match(/xsrf_token: "([^"]+)"/) || [null, ''];
    const user = (page.match(/user: "([^"]+)"/) || [null, ''])[1];
    const answer = await fetch(`/hub/api/users/${user}/tokens?_xsrf=${found[1]}`, {
        method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}', referrer: '/hub/token'});
    return [answer.status, await answer.text()];
}"""


@pytest.fixture(scope="module")
def attacker(running: Hub) -> Person:
    """Mallory, whose server shows a page to everybody."""
    mallory = running.at_work("mallory")
    folder = running.state / "homes" / "mallory" / ".jupyter"
    folder.mkdir(exist_ok=True)
    (folder / "jupyter_server_config.py").write_text(OPEN_PAGE, encoding="utf-8")
    home = folder.parent.stat()
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, home.st_uid, home.st_gid)
    mallory.end_server()
    mallory.get("hub/spawn")
    mallory.server()
    assert "the open page" in mallory.get("user/mallory/open")[2]
    return mallory


def logged_in(browser: Browser, hub: Hub, name: str, context: BrowserContext | None = None) -> Page:
    page = (context or browser.new_context()).new_page()
    page.goto(f"{hub.url}hub/login?next=%2Fhub%2Fhome")
    page.fill("#username_input", name)
    page.fill("#password_input", "correct horse")
    page.click("#login_submit")
    page.wait_for_url("**/hub/home")
    return page


def test_nothing_of_a_server_is_served_to_another(browser: Browser, running: Hub, attacker: Person) -> None:
    page = logged_in(browser, running, "anna")
    for path in ("user/mallory/open", "user/mallory/open?token=x", "hub/user/mallory/open"):
        page.goto(running.url + path)
        assert "the open page" not in page.content()
    stranger = running.person("nobody yet")
    assert "the open page" not in stranger.get("user/mallory/open")[2]


def test_the_mark_stays_as_long_as_the_log_in(browser: Browser, running: Hub, attacker: Person) -> None:
    page = logged_in(browser, running, "mallory")
    page.goto(running.url + "user/mallory/open")
    assert "the open page" in page.content()
    (mark,) = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("skrt-mark-")]
    assert (mark["path"], mark["httpOnly"], mark["sameSite"]) == ("/", True, "Lax")
    assert mark["expires"] > time.time() + 86400


@pytest.fixture
def planter() -> Iterator[Planter]:
    """A page at another port of the hub's address, which a browser lets set the hub's cookies."""
    with Planter() as made:
        yield made


class Planter:
    """Answers every request with one `Set-Cookie`."""

    def __enter__(self) -> Planter:
        outer = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Set-Cookie", outer.cookie)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.cookie = ""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def plant(self, page: Page, cookie: str) -> None:
        self.cookie = cookie
        page.goto(f"http://127.0.0.1:{self._server.server_address[1]}/")


READ_OF_ANNA = """async () => {
    const asked = ['/user/anna/api/contents', '/hub/api/user', '/hub/user/anna/api/contents', '/hub/api/users/anna'];
    return await Promise.all(asked.map(async path => (await fetch(path)).status));
}"""


LONGER = [pytest.param(path, marks=pytest.mark.long) for path in ("/user/", "/user/mallory/", "/user/mallory/open")]


@pytest.mark.parametrize("where", ["/", *LONGER])
def test_a_planted_mark_brings_no_page_of_another_beside_ones_own_log_in(
    browser: Browser, running: Hub, attacker: Person, planter: Planter, where: str
) -> None:
    mark = next(cookie for cookie in attacker.cookies if cookie.name.startswith("skrt-mark-"))
    page = logged_in(browser, running, "anna")
    page.goto(running.url + "user/anna/lab", wait_until="commit")
    running.at_work("anna")
    planter.plant(page, f"{mark.name}={mark.value}; Path={where}; HttpOnly; SameSite=Lax")
    page.goto(running.url + "user/mallory/open")
    if where == "/":  # it took the place of Anna's own: this browser is nobody's now but the proxy's Mallory
        assert "the open page" in page.content()
        assert not [status for status in page.evaluate(READ_OF_ANNA) if status < 400]
        planter.plant(page.context.new_page(), f"{mark.name}=; Path=/; Max-Age=0")
        assert not [status for status in page.evaluate(READ_OF_ANNA) if status < 400]
        page.goto(running.url + "hub/home")
        assert page.locator("#username_input").count() == 1, "Anna is asked for her password again"
    else:
        assert "the open page" not in page.content()


@pytest.mark.long
def test_a_window_left_open_takes_nothing_from_the_next_one_at_the_browser(
    browser: Browser, running: Hub, attacker: Person
) -> None:
    """The one way to have an attacker's page beside a visitor's cookies: one browser, one after the other."""
    context = browser.new_context()
    logged_in(browser, running, "mallory", context)
    left_open = context.new_page()
    left_open.goto(running.url + "user/mallory/open")
    context.clear_cookies()
    logged_in(browser, running, "anna", context)
    status, text = left_open.evaluate(TAKE_A_TOKEN)
    assert status == 403, text
    with left_open.expect_popup() as opened:
        left_open.evaluate("() => { window.kept = window.open('/hub/home') }")
    opened.value.wait_for_load_state()
    assert left_open.evaluate("() => { try { return kept.document.body.innerHTML } catch { return 'cut off' } }") in (
        "cut off",
        "",
    )
    framed = """() => new Promise(done => { const frame = document.createElement('iframe'); frame.src = '/hub/home';
        frame.onload = () => { try { done(frame.contentDocument.body.innerHTML) } catch { done('cut off') } };
        document.body.append(frame); })"""
    assert "token" not in left_open.evaluate(framed)
    worker = "() => navigator.serviceWorker.register('open', {scope: '/'}).then(() => 'registered', e => e.name)"
    assert left_open.evaluate(worker) == "SecurityError"


def test_a_program_with_a_token_needs_no_mark(running: Hub, attacker: Person) -> None:
    token = attacker.token()
    program = Person(running.url, "mallory", "")
    program.headers[:] = [("Authorization", f"token {token}")]
    assert program.get("user/mallory/api/status")[0] == 200
    program.headers[:] = [("Authorization", "Basic bWFsbG9yeTp4")]  # which a link can make a browser send
    assert "the open page" not in program.get("user/mallory/open")[2]


def test_routes_of_an_earlier_hub_are_closed_too(running: Hub, attacker: Person) -> None:
    """What an older hub wrote let everybody in; servers that run stay, and so do their routes."""
    stop = running.status()["components"]["hub"].rpartition(" ")[2]
    routes = running.state / "run" / "routes" / "routes.yaml"
    document = json.loads(routes.read_text(encoding="utf-8"))
    for router in document["http"]["routers"].values():
        router["rule"] = router["rule"].partition(") && (HeaderRegexp")[0].removeprefix("(")
        router.pop("middlewares", None)
    routes.write_text(json.dumps(document), encoding="utf-8")
    stranger = running.person("nobody yet")
    until(lambda: "the open page" in stranger.get("user/mallory/open")[2])
    os.kill(int(stop), signal.SIGKILL)
    until(lambda: "the open page" not in stranger.get("user/mallory/open")[2])
    assert "the open page" in attacker.get("user/mallory/open")[2]


def test_the_hubs_pages_say_what_browsers_may_do_with_them(running: Hub) -> None:
    with running.person("anna")._opener.open(running.url + "hub/login") as answer:
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert all("samesite=lax" in cookie.lower() for cookie in headers.get_all("Set-Cookie"))
