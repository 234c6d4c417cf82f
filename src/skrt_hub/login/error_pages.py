"""What JupyterHub's own pages say when something is refused, missing, or goes wrong: in the look and the language of
the log-in's pages, with the way back to one's work. And the answer of a closed hub in the place of a server.

JupyterHub's own error pages are English, and lead participants to pages that they have no use for.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from jupyterhub.handlers.base import BaseHandler, PrefixRedirectHandler, UserUrlHandler
from jupyterhub.handlers.pages import ProxyErrorHandler
from sqlalchemy.exc import SQLAlchemyError
from tornado import web  # type: ignore[attr-defined]

from .organisers import organises
from .pages import CLOSED_HEADERS, CLOSED_STATUS, LANGUAGE_COOKIE, Pages

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_OWN_WORDS = (403, 404, 503)
_SHOWN = 600
_SERVER = re.compile(r"/user/([^/]+)(/|$)")


def keep() -> None:
    """Make JupyterHub answer so, before it listens."""
    if getattr(BaseHandler, "_skrt_errors", False):
        return
    BaseHandler._skrt_errors = True
    BaseHandler.write_error = _in_our_words(BaseHandler.write_error)
    ProxyErrorHandler.get = _of_the_proxy
    PrefixRedirectHandler.prepare = _unless_closed(PrefixRedirectHandler.prepare)


def error_page(handler: Any, status: int, detail: str = "", *, key: str = "", text: str = "") -> str:
    """The page; `detail` is what JupyterHub says, in English, where that helps. `key` names other words of ours."""
    pages: Pages = handler.authenticator.pages
    language = _language(handler)
    key = key or f"error_{status if status in _OWN_WORDS else 'other'}"
    base = handler.hub.base_url
    user = getattr(handler, "_jupyterhub_user", None)
    handler.set_header("Content-Type", "text/html; charset=utf-8")
    handler.set_header("Content-Security-Policy", _POLICY)
    return pages.page(
        "error",
        language,
        base,
        query={},
        heading=pages.say(language, key),
        text=text or pages.say(language, f"{key}_text"),
        detail=detail[:_SHOWN],
        status=status,
        leads_to=f"{base}spawn" if user is not None else f"{base}login",
        leads_on=pages.say(language, "to_workspace" if user is not None else "log_in"),
    )


def _language(handler: Any) -> str:
    pages: Pages = handler.authenticator.pages
    wanted = handler.get_cookie(LANGUAGE_COOKIE, "") or ""
    return pages.language(wanted, handler.request.headers.get("Accept-Language", ""))


def _in_our_words(original: Any) -> Any:
    def write_error(self: Any, status_code: int, **details: Any) -> None:
        error = (details.get("exc_info") or (None, None))[1]
        if not isinstance(getattr(self.authenticator, "pages", None), Pages) or isinstance(error, SQLAlchemyError):
            original(self, status_code, **details)
            return
        for name, value in (getattr(error, "headers", None) or {}).items():
            self.set_header(name, value)
        self.clear_header("Content-Length")
        self.write(error_page(self, status_code, _said(error, status_code)))

    return write_error


def _said(error: Any, status: int) -> str:
    """What was said for people; JupyterHub's own words where ours tell nothing of it."""
    told = str(getattr(error, "jupyterhub_message", "") or "")
    if not told and isinstance(error, web.HTTPError) and status not in _OWN_WORDS:
        told = str(error.get_message() or "")
    return told


async def _of_the_proxy(self: Any, status_code_s: str) -> None:
    """The chart's proxy asks for the page of a server that does not answer."""
    self.write(error_page(self, int(status_code_s)))


def _unless_closed(original: Any) -> Any:
    """What is asked of a server that no way leads to is led to the hub's own address, where each server has an origin
    of its own to one that its pages cannot ask.
    """

    async def prepare(self: Any) -> None:
        at = _SERVER.match(self.request.path)
        if not at or not answered_as_closed(self, unquote(at.group(1))):
            await original(self)

    return prepare


class ClosedServerHandler(UserUrlHandler):  # type: ignore[misc]
    """In a server's place: while the hub is closed, no way leads to a participant's server, and requests come here.

    On Kubernetes they do. JupyterLab would take JupyterHub's own answers (the log-in page) for the end of its kernels.
    """

    async def prepare(self) -> None:
        if not answered_as_closed(self, self.path_kwargs["user_name"]):
            await super().prepare()


def answered_as_closed(handler: Any, owner: str) -> bool:
    """Answer that the hub is closed, where it is for this owner's server."""
    accounts = handler.authenticator.accounts
    if not accounts.closed or organises(accounts.find(owner) or {}):
        return False
    handler._jupyterhub_user = None
    handler.set_status(CLOSED_STATUS)
    text = handler.authenticator.pages.say(_language(handler), "closed")
    page = error_page(handler, CLOSED_STATUS, key="error_closed", text=text)
    for name, value in {**CLOSED_HEADERS, "Refresh": "30"}.items():
        handler.set_header(name, value)
    handler.finish(page)
    return True


def handlers() -> list[tuple[str, Any]]:
    """The address that takes the place of JupyterHub's own."""
    return [(r"/user/(?P<user_name>[^/]+)(?P<user_path>/.*)?", ClosedServerHandler)]
