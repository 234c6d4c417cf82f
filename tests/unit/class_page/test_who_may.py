"""Who may do what on the class's page: asked of the real pages, over HTTP, with each role and every order."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.services.auth import HubOAuth, HubOAuthenticated
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from skrt_hub.class_page import handlers
from skrt_hub.class_page.page import ClassPages
from skrt_hub.class_page.verbs import ClassVerbs
from skrt_hub.login.organisers import HELPER, ROLE, organises, role_of
from skrt_hub.login.pages import Look
from skrt_hub.policy import class_page
from skrt_hub.report import Participant, Server, StatusReport

BASE = "/services/class/"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "maria": {"role": "organiser"},
    "hans": {"role": "helper"},
    "harm": {"role": "helper", "disabled": True},
    "anna": {},
}
AUTH = HubOAuth(api_token="x", oauth_client_id="service-class", base_url=BASE, oauth_redirect_uri=BASE)
ON_ONE = [(action, "anna") for action in class_page.ON_ONE]
ON_ALL = [(action, "") for action in class_page.ON_ALL]
ORDERS = [*ON_ONE, *ON_ALL]
Ask = Callable[..., Awaitable[HTTPResponse]]


class Recorder:
    """A hub that notes what it is told to do."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.context = SimpleNamespace(settings=SimpleNamespace(login=SimpleNamespace(kind="codes")))
        self.target = SimpleNamespace(ask_accounts=lambda what: ACCOUNTS)

    def status(self) -> StatusReport:
        servers = (Server("anna", "running"), Server("maria", "running"))
        return StatusReport("course", "running", "machine", None, "codes", "1", servers)

    def participants(self) -> tuple[Participant, ...]:
        return tuple(
            Participant(name, True, False, False, role=entry.get("role", "")) for name, entry in ACCOUNTS.items()
        )

    def __getattr__(self, verb: str) -> Any:
        def do(*arguments: Any) -> Any:
            self.done.append(verb)
            return {} if verb == "reset_log_ins" else [SimpleNamespace(**SLIP)] if verb == "slips" else ()

        return do


SLIP = {"matrix": list, "path": str, "address": "", "login": "", "code": "", "fingerprint": ""}


def asked(name: str, hub: Any, questions: Callable[[Ask], Awaitable[Any]]) -> Any:
    """The answers to `questions`, put to the pages by somebody who is logged in with this name."""

    class LoggedIn:
        def get_current_user(self) -> dict[str, str]:
            return {"name": name}

    async def run() -> Any:
        verbs = ClassVerbs(lambda: hub)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(HubOAuthenticated, "get_current_user", LoggedIn.get_current_user)
            patch.setattr(handlers, "_ANSWERED", 0)
            application = handlers.application(AUTH, verbs, ClassPages(Look()), BASE, b"secret")
            listener, port = bind_unused_port()
            server = HTTPServer(application)
            server.add_socket(listener)
            client = AsyncHTTPClient(force_instance=True)

            async def ask(path: str, **options: Any) -> HTTPResponse:
                request = HTTPRequest(f"http://127.0.0.1:{port}{BASE}{path}", follow_redirects=False, **options)
                return await client.fetch(request, raise_error=False)

            try:
                return await questions(ask)
            finally:
                await asyncio.gather(*handlers._TASKS)
                client.close()
                server.stop()

    return asyncio.run(run())


async def key(ask: Ask) -> tuple[dict[str, str], str]:
    """The cookie and the key of the page."""
    page = await ask("")
    (found,) = set(re.findall(r'data-key="([^"]*)"', page.body.decode()))
    return {"Cookie": "; ".join(part.partition(";")[0] for part in page.headers.get_list("Set-Cookie"))}, found


def order(action: str, name: str = "", text: str = "hello") -> Callable[[Ask], Awaitable[int]]:
    async def questions(ask: Ask) -> int:
        headers, xsrf = await key(ask)
        body = f"_xsrf={xsrf}&action={action}&name={name}&text={text}"
        return (await ask("do", method="POST", headers=headers, body=body)).code

    return questions


@pytest.mark.parametrize(("action", "name"), ORDERS)
def test_an_organiser_does_everything(action: str, name: str) -> None:
    hub = Recorder()
    assert asked("maria", hub, order(action, name)) in (200, 303)
    assert hub.done


@pytest.mark.parametrize(("action", "name"), ORDERS)
def test_a_helper_restarts_servers_and_does_nothing_else(
    action: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    hub = Recorder()
    with caplog.at_level(logging.INFO, logger="class"):
        code = asked("hans", hub, order(action, name))
    if action == "restart":
        assert (code, hub.done) == (303, ["restart_server"])
        assert "hans from 127.0.0.1: restart anna: done" in caplog.text
    else:
        assert (code, hub.done) == (403, [])
        assert f"hans from 127.0.0.1: {action} {name or 'everybody'}: refused" in caplog.text


def test_a_helper_sees_the_class_and_no_button_that_would_not_work() -> None:
    async def questions(ask: Ask) -> list[str]:
        return [(await ask(path)).body.decode() for path in ("", "class.csv", "person?name=anna")]

    everybody, table, person = asked("hans", Recorder(), questions)
    assert "anna" in everybody and "anna" in table
    assert 'value="restart"' in person
    for action in {action for action, _ in ORDERS} - {"restart"}:
        assert f'value="{action}"' not in everybody + person


def test_nobody_restarts_an_organisers_server() -> None:
    for name in ("hans", "maria"):
        hub = Recorder()
        assert asked(name, hub, order("restart", "maria")) == 409
        assert hub.done == []


@pytest.mark.parametrize("name", ["anna", "harm", "nobody"])
def test_a_participant_and_a_helper_who_was_disabled_get_nothing(name: str) -> None:
    async def questions(ask: Ask) -> set[int]:
        orders = [await ask("do", method="POST", body=f"action={action}&name={whom}") for action, whom in ORDERS]
        pages = [await ask(path) for path in ("", "live", "class.csv", "person?name=anna", "do")]
        return {answer.code for answer in (*orders, *pages)}

    hub = Recorder()
    assert asked(name, hub, questions) == {403}
    assert hub.done == []


def test_the_roles_by_the_accounts() -> None:
    assert [role_of(entry) for entry in ACCOUNTS.values()] == ["organiser", HELPER, "", ""]
    assert role_of({"role": "helper", "admitted": {"as": "organiser"}}) == "organiser"
    assert not organises({"role": "helper"})
    assert class_page.organisers_role()["name"] == ROLE
    assert class_page.may(HELPER) == {"see", "restart"} < class_page.may("organiser")
    assert not class_page.may("") and not class_page.may("participant")
