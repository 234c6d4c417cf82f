"""The organiser's page as a web application, behind JupyterHub's log-in.

SECURITY: servers' pages may be of the same web origin, so a page here is shown to a browser's window only, takes orders
only with the key that stands in it, and never inside another page (as skrt_hub.hub.visitors does for the hub's own
pages). Who is an organiser is asked of the accounts at each request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado import web  # type: ignore[attr-defined]

from skrt_hub.class_page.course import CourseVerbs
from skrt_hub.class_page.jobs import Jobs
from skrt_hub.class_page.page import ASSETS, ClassPages, asset, name_in_query, path_in_query
from skrt_hub.class_page.verbs import LONGEST_MESSAGE, ClassVerbs
from skrt_hub.class_page.view import Row, as_csv
from skrt_hub.errors import SkrtHubError
from skrt_hub.hub.visitors import encrypted_only, is_of_another_site, security_headers
from skrt_hub.login.pages import LANGUAGE_COOKIE
from skrt_hub.policy.class_page import LOOK, ON_ALL, ON_ONE, PATH, SEE

LOG = logging.getLogger("class")
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {**security_headers(PATH), "Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
_CUT_OFF = ("open", "close")
_ANSWERED = 0.5  # seconds after which an answer has left
_TASKS: set[asyncio.Future[None]] = set()
_SHOWN = 240  # characters of a message in the log


class _Base(web.RequestHandler):  # type: ignore[misc]
    def set_default_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    set_cookie = encrypted_only(web.RequestHandler.set_cookie)


@dataclass(frozen=True)
class Given:
    """What all pages work with. `said`: what the next page of somebody begins with, by their name."""

    hub_auth: Any
    verbs: ClassVerbs
    course: CourseVerbs
    pages: ClassPages
    base: str = PATH
    jobs: Jobs = field(default_factory=Jobs)
    said: dict[str, str] = field(default_factory=dict)


class ClassHandler(HubOAuthenticated, _Base):  # type: ignore[misc]
    """What all pages have in common."""

    for_script = False
    needs = SEE

    def initialize(self, given: Given) -> None:
        self.hub_auth = given.hub_auth
        self.verbs, self.pages, self.base, self.said = given.verbs, given.pages, given.base, given.said
        self.course, self.jobs = given.course, given.jobs
        self.can: frozenset[str] = frozenset()

    async def prepare(self) -> None:
        """Who asks, from where: the answer is given here unless it is somebody who may, at a page of ours."""
        if not _comes_from_a_window(self.request, for_script=self.for_script):
            raise web.HTTPError(403, "This page is shown in a browser's window only.")
        if "Authorization" in self.request.headers:
            raise web.HTTPError(403, "Programs use the command line or skrt_hub.api; this page is for browsers.")
        if self.current_user is None:
            if self.for_script or self.request.method != "GET":
                raise web.HTTPError(403, "Not logged in, or the page was too long open.")
            self.redirect(self.get_login_url())
            return
        self.can = self.verbs.can(await self.done(self.verbs.role, self.name))
        if self.needs not in self.can:
            self.refuse(self.say("refused", name=self.name))
            return
        if self.for_script and self.request.headers.get("X-XSRFToken", "") != self.xsrf_token.decode("ascii"):
            raise web.HTTPError(403, "Without the page's key.")

    @property
    def name(self) -> str:
        return str((self.current_user or {}).get("name", ""))

    @property
    def language(self) -> str:
        wanted = self.get_query_argument("language", "") or self.get_cookie(LANGUAGE_COOKIE, "")
        return self.pages.language(wanted or "", self.request.headers.get("Accept-Language", ""))

    def say(self, key: str, **values: Any) -> str:
        return self.pages.say(self.language, key, **values)

    async def done(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Do what may take a while on a thread, while others are answered."""
        return await asyncio.get_running_loop().run_in_executor(_THREADS, function, *arguments)

    def page(self, template: str, **values: Any) -> str:
        if chosen := self.get_query_argument("language", ""):
            self.set_cookie(LANGUAGE_COOKIE, chosen if chosen == self.language else "", path=self.base, samesite="Lax")
        shared = {
            "xsrf": self.xsrf_token.decode("ascii"),
            "longest": LONGEST_MESSAGE,
            "can": self.can,
            "said": self.said.pop(self.name, "") if not self.for_script else "",
            "error": "",
        }
        query = {"name": self.get_query_argument("name", "")}
        return self.pages.show(template, self.language, self.base, query=query, **{**shared, **values})

    async def asked_for(self) -> Row | None:
        """The person whom the address names; None, and answered in words, where there is none."""
        row: Row | None = (await self.done(self.verbs.look)).find(self.get_query_argument("name", ""))
        if row is None:
            self.refuse(self.say("wrong_name"), 404)
        return row

    def refuse(self, words: str, status: int = 403) -> None:
        self.set_status(status)
        self.finish(self.page("refused", error=words))

    def check_xsrf_cookie(self) -> None:
        try:
            super().check_xsrf_cookie()
        except web.HTTPError:
            raise web.HTTPError(403, self.say("wrong_key")) from None

    def _note(self, action: str, name: str, text: str, how: str) -> None:
        whom = name or "everybody"
        words = f" {text[:_SHOWN]!r}" if text else ""
        LOG.info("%s from %s: %s %s%s: %s", self.name, self.request.remote_ip, action, whom, words, how)

    def write_error(self, status_code: int, **details: Any) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        error = (details.get("exc_info") or (None, None))[1]
        self.finish(getattr(error, "log_message", None) or f"{status_code}")


class ClassView(ClassHandler):
    """The whole class."""

    async def get(self) -> None:
        self.finish(self.page("class", seen=await self.done(self.verbs.look)))


class LiveHandler(ClassHandler):
    """The part of the page that its script looks at every few seconds."""

    for_script = True

    async def get(self) -> None:
        self.finish(self.page("live", seen=await self.done(self.verbs.look)))


class TableHandler(ClassHandler):
    """The class as a table for a spreadsheet."""

    async def get(self) -> None:
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="class.csv"')
        self.finish(as_csv(await self.done(self.verbs.look)))


class PersonHandler(ClassHandler):
    """One person, and what can be done for them."""

    async def get(self) -> None:
        if (row := await self.asked_for()) is not None:
            self.finish(self.page("person", row=row))


class ShownHandler(ClassHandler):
    """The notebooks that somebody shows, or one of them as it was saved last. Each look is in the log."""

    needs = LOOK

    async def get(self) -> None:
        if (row := await self.asked_for()) is None:
            return
        name, path = row.name, path_in_query(self.request.query)
        try:
            if path:
                cells = await self.done(self.verbs.notebook, name, path)
                self._note("looked at the notebooks of", name, path, "done")
                # Pictures are in the page itself; the file's text is escaped, and no script but ours runs here.
                self.set_header("Content-Security-Policy", _POLICY.replace("img-src 'self'", "img-src 'self' data:"))
                self.finish(self.page("notebook", row=row, path=path, cells=cells))
            else:
                shown = await self.done(self.verbs.shown, name)
                self._note("looked at the list of notebooks of", name, "", "done")
                self.finish(self.page("shown", row=row, shown=shown))
        except SkrtHubError as error:
            self._note("looked at the notebooks of", name, path, f"failed: {error.what}")
            self.refuse(self.say("failed", why=f"{error.what} {error.why}".strip()), 409)


class DoHandler(ClassHandler):
    """What an organiser does. Each of it is in the log, with who did it."""

    async def post(self) -> None:
        action, name = self.get_body_argument("action", ""), self.get_body_argument("name", "")
        if action not in (ON_ONE if name else ON_ALL):
            self.refuse(self.say("wrong_action"), 400)
            return
        if action not in self.can:
            self._note(action, name, "", "refused")
            self.refuse(self.say("wrong_action"))
            return
        text = self.get_body_argument("text", "").strip()[:LONGEST_MESSAGE] if action == "message" else ""
        if action == "message" and not text:
            self.refuse(self.say("wrong_text"), 400)
            return
        try:
            await self._do(action, name, text)
        except SkrtHubError as error:
            self._note(action, name, text, f"failed: {error.what}")
            self.refuse(self.say("failed", why=f"{error.what} {error.why} {error.remedy}".strip()), 409)

    async def _do(self, action: str, name: str, text: str) -> None:
        if name:
            await self.done(self.verbs.ensure_usable, name)
        if action == "reset":
            slip = await self.done(self.verbs.reset, name)
            self._note(action, name, text, "done")
            self.finish(self.page("slip", slip=slip, qr_size=len(slip.matrix()), qr_path=slip.path()))
            return
        count = 0
        if action in _CUT_OFF:
            self._later(action)
        else:
            if action == "message":
                count = await self.done(self.verbs.message, [name] if name else [], text)
            else:
                await self.done(getattr(self.verbs, action), name)
            self._note(action, name, text, "done")
            if action != "message":
                await self.done(lambda: self.verbs.look(again=True))
        self.said[self.name] = self.say(f"done_{action}", name=name, count=count)
        # Back to where it was asked: the person's page, or the whole class.
        self.redirect(f"{self.base}person?{name_in_query(name)}" if name else self.base, status=303)

    def _later(self, action: str) -> None:
        """Do it when this is answered: the connection that asks for it is one of those that it cuts."""

        async def do() -> None:
            await asyncio.sleep(_ANSWERED)
            try:
                await self.done(getattr(self.verbs, action))
                self._note(action, "", "", "done")
                await self.done(lambda: self.verbs.look(again=True))
            except Exception as error:  # whoever asked sees it on the next page
                self.said[self.name] = self.say("failed", why=str(error))
                self._note(action, "", "", f"failed: {error}")

        task = asyncio.ensure_future(do())
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)


class AssetHandler(_Base):
    """The style and the script; the same for everybody."""

    def get(self, name: str) -> None:
        self.set_header("Content-Type", ASSETS[name])
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.finish(asset(name))


class CallbackHandler(HubOAuthCallbackHandler, _Base):  # type: ignore[misc]
    """Where JupyterHub leads back to after the log-in."""

    def initialize(self, hub_auth: Any) -> None:
        self.hub_auth = hub_auth


def _comes_from_a_window(request: Any, *, for_script: bool) -> bool:
    """Whether a person opens this, or the page's own script asks: see skrt_hub.hub.visitors for what browsers tell."""
    window = request.headers.get("Sec-Fetch-Dest", "document") in ("document", "")
    from_server = urlsplit(request.headers.get("Referer", "")).path.startswith("/user/")
    leads_here = request.method == "GET" and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if is_of_another_site(request.method, request.headers):
        return False
    return (window or for_script) and (leads_here or not from_server)


_THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="class")
