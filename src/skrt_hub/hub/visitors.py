"""Who may have which page: a participant's server answers its owner's browser alone, the hub's pages are no other's.

All pages of a hub without own origins for participants belong to one web origin, so a page of somebody's server could
act as whoever looks at it. Therefore the proxy asks for the visitor's mark, a cookie that the hub sets at the log-in
and that differs for each name, before it leads a browser to a server; and the hub shows its own pages to a browser's
window only, never to a script.

Cookies know no ports, and other hosts of a domain may set them too, so a mark can be planted. Hence a log-in counts
only together with the mark of the same name: whose browser it is for the proxy, it is for the hub.

This file stands alone (standard library, tornado and JupyterHub only): the Kubernetes target hands it to the chart's
hub as it is. `gate.js` of that target is the proxy's half there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

COOKIE_PATH = "/"
_FROM_ELSEWHERE = ("lti13/oauth_login", "lti13/oauth_callback")  # a learning platform's forms lead here
_WINDOW = "document"  # Sec-Fetch-Dest of a page that a person opens (https://www.w3.org/TR/fetch-metadata/)


@dataclass(frozen=True)
class Gate:
    """The marks of one hub's participants. `secret` is known to the hub and to its proxy."""

    secret: str

    @property
    def cookie(self) -> str:
        """The cookie's name: hubs at two ports of one address would overwrite each other's."""
        return f"skrt-mark-{self._code('cookie')[:8]}"

    def mark(self, name: str) -> str:
        """The cookie's value for a participant."""
        return self._code(f"visitor {name}")

    def rule(self, name: str) -> str:
        """What traefik asks of a request for this participant's server.

        Programs come with a token in a header. No link and no form can make a browser send one, so that way is open.
        """
        mark, cookie = re.escape(f"{self.cookie}={self.mark(name)}"), re.escape(self.cookie)
        with_header = "HeaderRegexp(`Authorization`, `(?i)^(token|bearer) `)"
        own = f"HeaderRegexp(`Cookie`, `(^|; ?){mark}(;|$)`)"
        two = f"HeaderRegexp(`Cookie`, `(^|; ?){cookie}=.*; ?{cookie}=`)"
        return f"({own} && !{two} || {with_header})"

    def is_of(self, name: str, header: str) -> bool:
        """Whether a browser with these cookies is this participant's: it has their mark, and no other beside it."""
        begin = f"{self.cookie}="
        marks = [cookie for part in header.split(";") if (cookie := part.strip()).startswith(begin)]
        return marks == [begin + self.mark(name)]

    def _code(self, words: str) -> str:
        return hmac.new(self.secret.encode(), words.encode(), hashlib.sha256).hexdigest()


def refusal(method: str, path: str, headers: Mapping[str, str], base: str = "/hub/") -> str:
    """Why the hub does not answer this request, or nothing.

    Browsers say where a request comes from (Sec-Fetch-Dest, Sec-Fetch-Mode), and no script can change that. Over plain
    HTTP to another machine they do not say it; then only the page that asks, which a script can change, is looked at.
    """
    if not path.startswith(base):
        return ""
    inside = path[len(base) :]
    if inside.startswith(("user/", "static/", "security/", "health", "logo")):
        return ""  # the first answers scripts in JSON only (see `_as_script`), the others are the same for everybody
    window = headers.get("Sec-Fetch-Dest", _WINDOW) in (_WINDOW, "")
    if not window and not inside.startswith("api/"):
        return "The hub shows its pages in a browser's window only, not to scripts and not inside other pages."
    referrer = urlsplit(headers.get("Referer", "")).path
    from_server = referrer.startswith(base.removesuffix("hub/") + "user/")
    leads_here = method in ("GET", "HEAD") and headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if from_server and not leads_here:
        return "The hub takes no orders from a page of a participant's server."
    if inside not in _FROM_ELSEWHERE and is_of_another_site(method, headers):
        return "The hub takes no orders from a page of another site."
    return ""


def is_of_another_site(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a page that is not of this origin gives an order: a sibling's too, whose requests cookies go along with.

    A page can hide its address, but not that it is another's (Sec-Fetch-Site).
    """
    own = headers.get("Sec-Fetch-Site", "") in ("", "same-origin", "none")
    return not own and method not in ("GET", "HEAD", "OPTIONS") and "Authorization" not in headers


def security_headers(path: str, base: str = "/hub/", *, forms_lead_to: str = "") -> dict[str, str]:
    """The headers that every answer of the hub has.

    Cross-Origin-Opener-Policy: a window that a participant's page opened is cut off from it. JupyterHub's pages have
    scripts in them; that no other page's script runs there is kept by escaping, as in JupyterHub itself.
    """
    api = path.startswith(base + "api/")
    forms = f"'self' {forms_lead_to}".strip()
    page = (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action {forms}; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'" if api else page,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


SERVER_HEADERS = {
    # A script that a server's page registers must not answer for other parts of the origin, and its pages must not
    # join the hub's group of windows.
    "Service-Worker-Allowed": "",
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Referrer-Policy": "same-origin",
    # These hold for the whole origin, and some for the hub's whole domain: logged out, or led and watched elsewhere.
    "Clear-Site-Data": "",
    "Strict-Transport-Security": "",
    "Alt-Svc": "",
    "NEL": "",
    "Report-To": "",
}
"""What the proxy sets in each answer of a participant's server, whatever the server says. Empty: taken out."""


def tornado_settings() -> dict[str, Any]:
    """Cookies that other sites cannot use; the hub's pages carry the form's key, so no script needs its cookie."""
    return {
        "cookie_options": {"samesite": "Lax"},
        "xsrf_cookie_kwargs": {"samesite": "Lax", "httponly": True},
    }


def install(gate: Gate | None, *, forms_lead_to: str = "") -> None:
    """Make JupyterHub's handlers do all this. `gate`: None where each participant has an own origin."""
    import jupyterhub.handlers.base as room  # noqa: PLC0415 - the rules above are for others, too

    base, to_server = room.BaseHandler, room.UserUrlHandler
    if getattr(base, "_skrt_visitors", False):
        return
    base._skrt_visitors = True
    base.prepare = _with_refusal(base.prepare)
    base.set_default_headers = _with_headers(base.set_default_headers, forms_lead_to)
    base.write_error = _without_page_for_scripts(base.write_error)
    base.set_cookie = encrypted_only(base.set_cookie)
    if gate is not None:
        base.set_login_cookie = _with_mark(base.set_login_cookie, gate)
        base.clear_login_cookie = _without_mark(base.clear_login_cookie, gate)
        base.get_current_user_cookie = _with_mark_alone(base.get_current_user_cookie, gate)
        to_server._redirect_to_user_server = _owner_only(to_server._redirect_to_user_server)


class Told:
    """What was logged lately: whoever sends a thousand requests shall not fill the log with one line."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, every: float = 600.0, most: int = 200) -> None:
        self._clock, self._every, self._most = clock, every, most
        self._last: dict[Hashable, float] = {}

    def is_due(self, what: Hashable) -> bool:
        """Whether this is to be logged now: not for a while after it was, or after many others were."""
        now = self._clock()
        self._last = {key: when for key, when in self._last.items() if now - when < self._every}
        if what in self._last or len(self._last) >= self._most:
            return False
        self._last[what] = now
        return True


_told = Told()


def _as_script(handler: Any) -> bool:
    return handler.request.headers.get("Sec-Fetch-Dest", _WINDOW) not in (_WINDOW, "")


def _with_refusal(original: Any) -> Any:
    async def prepare(self: Any) -> None:
        why = refusal(self.request.method, self.request.path, self.request.headers, self.hub.base_url)
        if why:
            self._jupyterhub_user = None  # nobody is looked up for it
            if _told.is_due(("refused", _where(self), why)):
                self.log.warning("refused %s %s from %s: %s", self.request.method, self.request.path, _where(self), why)
            self.set_status(403)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(why)
            return
        if _as_script(self) and self.request.path.startswith(self.hub.base_url + "user/"):
            self.request.headers["Accept"] = "application/json"
        await original(self)

    return prepare


def _with_headers(original: Any, forms_lead_to: str) -> Any:
    def set_default_headers(self: Any) -> None:
        original(self)
        for name, value in security_headers(self.request.path, self.hub.base_url, forms_lead_to=forms_lead_to).items():
            self.set_header(name, value)

    return set_default_headers


def encrypted_only(original: Any) -> Any:
    """Browsers send no cookie unencrypted that came encrypted: JupyterHub's own rule, for each cookie of the hub's."""

    def set_cookie(self: Any, name: str, value: Any, *given: Any, **options: Any) -> Any:
        public = self.settings.get("public_url")
        if (public.scheme if public else self.request.protocol) == "https":
            options["secure"] = True
        return original(self, name, value, *given, **options)

    return set_cookie


def _without_page_for_scripts(original: Any) -> Any:
    """A page about an error holds the key to the visitor's account, as every page of the hub does."""

    def write_error(self: Any, status_code: int, **details: Any) -> Any:
        if not _as_script(self):
            return original(self, status_code, **details)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        return self.finish(f"{status_code}")

    return write_error


def _with_mark(original: Any, gate: Gate) -> Any:
    """A browser that is logged in is told its mark, for as long as the log-in lasts; scripts cannot read it."""

    def set_login_cookie(self: Any, user: Any) -> None:
        original(self, user)
        mark = gate.mark(user.name)
        lasts = {"expires_days": self.cookie_max_age_days}
        self._set_cookie(gate.cookie, mark, encrypted=False, path=COOKIE_PATH, samesite="Lax", **lasts)

    return set_login_cookie


def _without_mark(original: Any, gate: Gate) -> Any:
    def clear_login_cookie(self: Any, name: str | None = None) -> None:
        original(self, name)
        self.clear_cookie(gate.cookie, path=COOKIE_PATH)

    return clear_login_cookie


def _with_mark_alone(original: Any, gate: Gate) -> Any:
    """A log-in without its mark is none: else a planted mark would bring a server's page beside another's log-in."""

    def get_current_user_cookie(self: Any) -> Any:
        user = original(self)
        if user is not None and not gate.is_of(user.name, self.request.headers.get("Cookie", "")):
            if _told.is_due(("without mark", _where(self), user.name)):
                self.log.warning("%s: log-in without the browser's mark, from %s: not taken", user.name, _where(self))
            return None
        return user

    return get_current_user_cookie


def _owner_only(original: Any) -> Any:
    """The proxy led this request to the hub: the server does not run, or the browser is another's."""

    async def redirect(self: Any, user: Any, spawner: Any) -> None:
        from tornado.web import HTTPError  # noqa: PLC0415

        if self.current_user.name != user.name:
            failure = HTTPError(403, "A server answers its owner's browser alone.")
            failure.jupyterhub_message = (
                f"The server of {user.name} answers the browser of {user.name} alone: its pages could act as whoever "
                "looks at them. To see files of a participant, use `skrt-hub collect`."
            )
            raise failure
        await original(self, user, spawner)

    return redirect


def _where(handler: Any) -> str:
    return str(handler.request.remote_ip)
