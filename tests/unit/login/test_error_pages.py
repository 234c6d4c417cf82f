"""What a refused, missing or failed page says, in which language, and where it leads; a closed hub's answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado import web  # type: ignore[attr-defined]

from skrt_hub.login import error_pages
from skrt_hub.login.accounts import Accounts
from skrt_hub.login.pages import CLOSED_STATUS, Look, Pages


class Asked:
    """JupyterHub's handler, as far as the pages look at it."""

    def __init__(self, language: str = "en", *, user: Any = None, accounts: Any = None) -> None:
        self.authenticator = SimpleNamespace(pages=Pages(Look(title="The course")), accounts=accounts)
        self.request = SimpleNamespace(headers={"Accept-Language": language})
        self.hub = SimpleNamespace(base_url="/hub/")
        self._jupyterhub_user = user
        self.headers: dict[str, str] = {}
        self.written = ""
        self.status = 200
        self.set_header = self.headers.__setitem__

    def get_cookie(self, name: str, default: str = "") -> str:
        return default

    def clear_header(self, name: str) -> None:
        self.headers.pop(name, None)

    def write(self, text: str) -> None:
        self.written += text

    finish = write

    def set_status(self, status: int) -> None:
        self.status = status


def failed(error: Exception | None, status: int, **asked: Any) -> Asked:
    handler = Asked(**asked)
    write_error = error_pages._in_our_words(lambda *_, **__: pytest.fail("JupyterHub's own page"))
    write_error(handler, status, exc_info=(type(error), error, None) if error else None)
    return handler


@pytest.mark.parametrize(
    ("language", "status", "words"),
    [
        ("en", 403, ("This page is not for you", "Back to your workspace", "/hub/spawn")),
        ("de-DE,de;q=0.9", 403, ("Diese Seite ist nicht für Sie", "Zurück zum Arbeitsplatz")),
        ("de", 404, ("Diese Seite gibt es nicht",)),
        ("en", 503, ("Try again in a moment",)),
        ("en", 405, ("That did not work",)),
    ],
)
def test_a_participant_reads_what_happened_and_finds_the_way_back(
    language: str, status: int, words: tuple[str, ...]
) -> None:
    page = failed(web.HTTPError(status), status, language=language, user="anna")
    assert all(word in page.written for word in words)
    assert "moons" not in page.written and "token" not in page.written.lower()
    policy = page.headers["Content-Security-Policy"]
    assert "style-src 'self'" in policy, "addresses of the interface allow no styles by themselves"


def test_a_stranger_is_led_to_the_log_in() -> None:
    assert 'href="/hub/login"' in failed(web.HTTPError(404), 404).written


def test_what_was_said_for_people_is_shown_and_never_markup() -> None:
    error = web.HTTPError(503, "All seats are taken.")
    error.jupyterhub_message = "All <b>30</b> seats are taken."
    assert "All &lt;b&gt;30&lt;/b&gt; seats are taken." in failed(error, 503).written
    assert "missing /etc" not in failed(web.HTTPError(404, "missing /etc"), 404).written
    assert "secret" not in failed(RuntimeError("secret"), 500).written


def test_a_closed_hub_answers_for_participants_servers_as_jupyterlab_understands_it(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.take_list((), anyone=True)
    before = Asked(accounts=accounts)
    assert not error_pages.answered_as_closed(before, "anna") and not before.written
    accounts.set_closed(True)
    told = Asked("de", accounts=accounts)
    assert error_pages.answered_as_closed(told, "anna")
    assert (told.status, told.headers["Skrt-Hub-Closed"]) == (CLOSED_STATUS, "yes")
    assert "Der Hub ist zurzeit geschlossen" in told.written


def test_what_is_asked_of_a_server_is_answered_where_it_is_asked(tmp_path: Path) -> None:
    """With own origins, a page cannot follow to the hub's name."""
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.take_list((), anyone=True)
    led: list[Any] = []

    async def original(handler: Any) -> None:
        led.append(handler)

    def ask(path: str) -> Asked:
        handler = Asked(accounts=accounts)
        handler.request.path = path
        asyncio.run(error_pages._unless_closed(original)(handler))
        return handler

    ask("/user/anna/api/kernels")
    accounts.set_closed(True)
    assert ask("/user/o%27brien/api/kernels").status == CLOSED_STATUS
    ask("/metrics")
    assert [handler.request.path for handler in led] == ["/user/anna/api/kernels", "/metrics"]


def test_every_log_in_has_it() -> None:
    assert error_pages.handlers()[0][1] is error_pages.ClosedServerHandler
