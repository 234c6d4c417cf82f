"""The class's pages without a hub behind them: real pages over HTTP, and a hub that notes what it is told to do."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.services.auth import HubOAuth, HubOAuthenticated
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from skrt_hub.class_page import handlers
from skrt_hub.class_page.application import application
from skrt_hub.class_page.course import CourseVerbs
from skrt_hub.class_page.page import ClassPages
from skrt_hub.class_page.verbs import ClassVerbs
from skrt_hub.homes.showing import Shown, ShownFile
from skrt_hub.layout import Layout
from skrt_hub.login.pages import Look
from skrt_hub.report import Message, Participant, Server, StatusReport
from skrt_hub.settings.model import Settings

BASE = "/services/class/"
AUTH = HubOAuth(api_token="x", oauth_client_id="service-class", base_url=BASE, oauth_redirect_uri=BASE)
ACCOUNTS: dict[str, dict[str, Any]] = {
    "maria": {"role": "organiser"},
    "hans": {"role": "helper"},
    "harm": {"role": "helper", "disabled": True},
    "anna": {},
}
Ask = Callable[..., Awaitable[HTTPResponse]]


class Recorder:
    """A hub that notes what it is told to do."""

    def __init__(self, folder: Path = Path("/nowhere")) -> None:
        self.done: list[str] = []
        self.layout = Layout(folder)
        named = {"participants": [{"login": "anna", "group": "A"}], "saves": {"place": "/copies"}}
        self.context = SimpleNamespace(settings=Settings.model_validate({"login": "codes", **named}))
        self.target = SimpleNamespace(ask_accounts=lambda what: ACCOUNTS)

    def status(self) -> StatusReport:
        servers = (Server("anna", "running"), Server("maria", "running"))
        return StatusReport("course", "running", "machine", None, "codes", "1", servers)

    def participants(self) -> tuple[Participant, ...]:
        return tuple(
            Participant(name, True, False, False, role=entry.get("role", "")) for name, entry in ACCOUNTS.items()
        )

    def __getattr__(self, verb: str) -> Any:
        def do(*arguments: Any, **options: Any) -> Any:
            self.done.append(verb)
            return ANSWERS.get(verb, Message(("It was done.",)))

        return do


PNG = "iVBORw0KGgoAAAA="
_SLIP = {"matrix": list, "path": str, "address": "", "login": "", "code": "", "fingerprint": ""}
ODD = "caf\udce9\n\u202e \x1b.ipynb"
"""The name of a file that no page could show as it is."""
_HOSTILE = [
    {"cell_type": "markdown", "source": "</pre><script>alert(1)</script>"},
    {"cell_type": "code", "source": "", "outputs": [{"output_type": "display_data", "data": {"image/png": PNG}}]},
]
ANSWERS: dict[str, Any] = {
    "shown_notebooks": Shown(
        4e9, (ShownFile('a"&name=bob.ipynb', 1e9), ShownFile("far.ipynb", 1e300), ShownFile(ODD, 1e9))
    ),
    "shown_notebook": json.dumps({"cells": _HOSTILE}).encode(),
    "reset_log_ins": {},
    "slips": [SimpleNamespace(**_SLIP)],
    "send_message": (),
}


def asked(name: str, hub: Any, questions: Callable[[Ask], Awaitable[Any]]) -> Any:
    """The answers to `questions`, put to the pages by somebody who is logged in with this name."""

    class LoggedIn:
        def get_current_user(self) -> dict[str, str]:
            return {"name": name}

    async def run() -> Any:
        verbs, course = ClassVerbs(lambda: hub), CourseVerbs(lambda: hub, hub.layout)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(HubOAuthenticated, "get_current_user", LoggedIn.get_current_user)
            patch.setattr(handlers, "_ANSWERED", 0)
            pages = application(handlers.Given(AUTH, verbs, course, ClassPages(Look())), b"secret")
            listener, port = bind_unused_port()
            server = HTTPServer(pages)
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


async def key(ask: Ask, path: str = "") -> tuple[dict[str, str], str]:
    """The cookie and the key of the page."""
    page = await ask(path)
    (found,) = set(re.findall(r'data-key="([^"]*)"', page.body.decode()))
    return {"Cookie": "; ".join(part.partition(";")[0] for part in page.headers.get_list("Set-Cookie"))}, found
