"""The pages of the log-in as JupyterHub serves them: log in, choose a password, change it, and what they need."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from jupyterhub.handlers.base import BaseHandler
from jupyterhub.handlers.login import LoginHandler
from tornado import web  # type: ignore[attr-defined]
from tornado.httputil import url_concat
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketHandler

from . import codes, sessions
from .brake import place_of as network_of
from .names import NameRefusedError, normalised
from .pages import LANGUAGE_COOKIE, Pages, asset
from .refusals import ChoosePassword, Refused

_FIRST = "skrt-first-log-in"
_FIRST_LASTS = 20 / 1440  # days
_KNOWN = "skrt-known-browser"
_KNOWN_LASTS = 180  # days
_NAMES_OF_A_BROWSER = 8
_TRIED = 20.0  # seconds


class PageHandler(BaseHandler):  # type: ignore[misc]
    """What all pages of the log-in have in common: the language, and errors that are shown on the page itself."""

    @property
    def language(self) -> str:
        wanted = self.get_argument("language", "") or self.get_cookie(LANGUAGE_COOKIE, "")
        pages: Pages = self.authenticator.pages
        return pages.language(wanted, self.request.headers.get("Accept-Language", ""))

    def page(self, template: str, **values: Any) -> str:
        """A page in the visitor's language."""
        if self.get_argument("language", ""):
            self._set_cookie(LANGUAGE_COOKIE, self.language, encrypted=False, expires_days=365, path=self.hub.base_url)
        query = {"next": self.get_argument("next", "")}
        shared = {"xsrf": self.xsrf_token.decode("ascii"), "authority": self.authenticator.authority_file}
        self.set_header("Cache-Control", "no-store")
        base = self.hub.base_url
        return str(self.authenticator.pages.page(template, self.language, base, query=query, **{**shared, **values}))

    def say(self, key: str, **values: Any) -> str:
        return str(self.authenticator.pages.say(self.language, key, **values))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = (kwargs.get("exc_info") or (None, None))[1]
        if isinstance(error, Refused):
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.write(self.form(error=self.say(error.key, **error.values)))
            return
        super().write_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A refusal is in the log already, where it was decided; and an address may hold what is nobody else's."""
        if not isinstance(value, Refused):
            super().log_exception(typ, value, tb)

    def check_xsrf_cookie(self) -> Any:
        try:
            return super().check_xsrf_cookie()
        except web.HTTPError:
            self.log.warning("A form came without the cookie of its page, from %s", self.request.remote_ip)
            raise Refused(403, "expired" if self.get_cookie("_xsrf") else "cookies") from None

    def form(self, error: str = "") -> str:
        """The page's form again, with what was wrong."""
        raise NotImplementedError

    def kept_as(self, name: str) -> str:
        """The name of a cookie that says who is about to log in: on encrypted pages one that no other host can plant.

        Hosts of one domain, such as participants' own origins, may set each other's cookies, but none of `__Host-`.
        """
        public = self.settings.get("public_url")
        return f"__Host-{name}" if (public.scheme if public else self.request.protocol) == "https" else name

    def forget_kept(self, name: str) -> None:
        """Clear such a cookie."""
        kept = self.kept_as(name)
        hosts_own = kept != name
        self.clear_cookie(kept, path="/" if hosts_own else self.hub.base_url, **({"secure": True} if hosts_own else {}))

    # Browsers that were here before

    def _known(self) -> dict[str, str]:
        cookie = self.get_secure_cookie(_KNOWN, max_age_days=_KNOWN_LASTS)
        try:
            return dict(json.loads(cookie)) if cookie else {}
        except (ValueError, TypeError):
            return {}

    def place_of(self, name: str) -> tuple[str, bool]:
        """Where a try at `name` comes from, for the brake; whether that is a browser that was this person's before."""
        known = self._known().get(name)
        return (f"browser {known}", True) if known else (network_of(str(self.request.remote_ip)), False)

    async def login_user(self, data: Any = None) -> Any:
        user = await super().login_user(data)
        if user is not None:
            known = self._known()
            known.setdefault(user.name, secrets.token_hex(8))
            latest = dict(list(known.items())[-_NAMES_OF_A_BROWSER:])
            path = self.hub.base_url
            self._set_cookie(_KNOWN, json.dumps(latest), encrypted=True, expires_days=_KNOWN_LASTS, path=path)
        return user


class LogInHandler(PageHandler, LoginHandler):  # type: ignore[misc]
    """The log-in page."""

    def form(self, error: str = "") -> str:
        kind = self.authenticator.kind
        return self.page(
            "log-in",
            kind=kind,
            error=error,
            closed=self.authenticator.accounts.closed,
            username=self.get_argument("username", ""),
            secret=self.say("password" if kind in ("first-use", "ldap") else "code_or_password"),
            hint=self.say(
                f"hint_{kind}",
                shortest=self.authenticator.shortest_password,
                provider=self.authenticator.login_service,
            ),
            action=url_concat(f"{self.hub.base_url}login", {"next": self.get_argument("next", "")}),
        )

    def _render(self, login_error: str = "", sync: bool = False, **kwargs: Any) -> Any:
        text = self.form(login_error or "")
        return text if sync else _later(text)

    async def log_in_as_told(self, data: Any = None) -> Any:
        """Log in whom another place vouches for. Raises Refused.

        Each of these may have the hub ask there, so what fails counts with the brake.
        """
        place, brake = network_of(str(self.request.remote_ip)), self.authenticator.brake
        if (pause := brake.begin("", place)) > 0:
            raise Refused(429, "wait", seconds=int(pause) + 1)
        try:
            user = await self.login_user(data)
        except Refused as refused:
            if refused.key != "provider_failed":
                brake.passed("", place)
            raise
        brake.passed("", place)
        if user is None:
            raise Refused(403, "not_listed", shown="?", provider=self.authenticator.login_service)
        self._jupyterhub_user = user
        return user

    async def post(self) -> None:
        try:
            await super().post()
        except ChoosePassword as wanted:
            value = json.dumps([wanted.name, wanted.mark])
            self._set_cookie(self.kept_as(_FIRST), value, encrypted=True, expires_days=None, path=self.hub.base_url)
            where = f"{self.hub.base_url}choose-password"
            self.redirect(url_concat(where, {"next": self.get_argument("next", "")}), status=303)


class ChoosePasswordHandler(PageHandler):
    """Whoever gave a valid code chooses a password; then the code is used up."""

    def _who(self) -> tuple[str, str] | None:
        cookie = self.get_secure_cookie(self.kept_as(_FIRST), max_age_days=_FIRST_LASTS)
        if not cookie:
            return None
        name, mark = json.loads(cookie)
        return name, mark

    def form(self, error: str = "") -> str:
        who = self._who()
        name = who[0] if who else ""
        shown = (self.authenticator.accounts.find(name) or {}).get("shown") or name
        shortest = self.authenticator.shortest_password
        return self.page(
            "password",
            change=False,
            name=name,
            shortest=shortest,
            error=error,
            title=self.say("choose_title"),
            intro=self.say("choose_intro", shown=shown, name=name),
            hint=self.say("choose_hint", shortest=shortest),
            submit=self.say("choose_submit"),
            action=url_concat(f"{self.hub.base_url}choose-password", {"next": self.get_argument("next", "")}),
        )

    async def get(self) -> None:
        if self._who() is None:
            self.redirect(url_concat(f"{self.hub.base_url}login", {"next": self.get_argument("next", "")}))
            return
        self.finish(self.form())

    async def post(self) -> None:
        who = self._who()
        if who is None:
            raise Refused(403, "expired")
        name, mark = who
        password = self.get_argument("new", "", strip=False)
        _ensure_usable(self, name, password)
        if codes.plain(password).count("-") == 3 and (await self.authenticator.examine(name, password)).kind == "code":
            raise Refused(403, "as_code")
        if not await self.authenticator.in_pool(self.authenticator.accounts.claim, name, mark, password):
            raise Refused(403, "void")
        self.forget_kept(_FIRST)
        user = await self.login_user({"username": name, "password": password})
        self._jupyterhub_user = user
        self.redirect(self.get_next_url(user), status=303)


class ChangePasswordHandler(PageHandler):
    """Somebody who is logged in changes their own password; everywhere else they are logged out."""

    def form(self, error: str = "", done: str = "") -> str:
        shortest = self.authenticator.shortest_password
        return self.page(
            "password",
            change=True,
            name=self.current_user.name if self.current_user else "",
            shortest=shortest,
            error=error,
            done=done,
            intro="",
            title=self.say("change_title"),
            hint=self.say("choose_hint", shortest=shortest),
            submit=self.say("change_submit"),
            action=f"{self.hub.base_url}password",
        )

    @web.authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        self.finish(self.form())

    @web.authenticated  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        user, authenticator = self.current_user, self.authenticator
        place, known = self.place_of(user.name)
        pause = authenticator.brake.begin(user.name, place, known=known)
        if pause > 0:
            raise Refused(429, "wait", seconds=int(pause) + 1)
        old, new = (self.get_argument(field, "", strip=False) for field in ("old", "new"))
        if not await authenticator.in_pool(authenticator.accounts.check, user.name, old):
            raise Refused(403, "wrong")
        authenticator.brake.passed(user.name, place, known=known)
        _ensure_usable(self, user.name, new)
        await authenticator.in_pool(authenticator.accounts.set, user.name, new)
        since = float(authenticator.accounts.find(user.name)["since"])
        sessions.forget(self.db, user.orm_user, servers_token_too=False)
        authenticator.accounts.ended(user.name, since)
        self.set_hub_cookie(user)
        self.finish(self.form(done=self.say("changed")))


def _ensure_usable(handler: PageHandler, name: str, password: str) -> None:
    """Raises Refused for a new password that is too short, like the name, or typed in two ways."""
    shortest = handler.authenticator.shortest_password
    if len(password) < shortest:
        raise Refused(403, "short", shortest=shortest)
    if password != handler.get_argument("again", "", strip=False):
        raise Refused(403, "differ")
    try:
        if normalised(password) == name:
            raise Refused(403, "like_name")
    except NameRefusedError:
        pass


_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


class AssetHandler(web.RequestHandler):  # type: ignore[misc]
    """The style and the script of the pages; the same for everybody."""

    def get(self, name: str) -> None:
        self.set_header("Content-Type", _TYPES[name.rpartition(".")[2]])
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(asset(name))


class LookHandler(web.RequestHandler):  # type: ignore[misc]
    """The organiser's own colour and logo."""

    def get(self, what: str) -> None:
        look = self.settings["authenticator"].pages.look
        self.set_header("Cache-Control", "public, max-age=3600")
        self.set_header("X-Content-Type-Options", "nosniff")
        if what == "colour.css" and look.colour:
            self.set_header("Content-Type", "text/css; charset=utf-8")
            self.finish(f"@media not (prefers-color-scheme: dark) {{ :root {{ --colour: {look.colour}; }} }}\n")
        elif what == "logo" and look.logo:
            kind = {".svg": "image/svg+xml", ".png": "image/png"}.get(Path(look.logo).suffix.lower(), "image/jpeg")
            self.set_header("Content-Type", kind)
            self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.finish(Path(look.logo).read_bytes())
        else:
            raise web.HTTPError(404)


class CanConnectHandler(WebSocketHandler):  # type: ignore[misc]
    """A WebSocket that does nothing: the log-in page tries whether one comes through. Anybody may, so not for long."""

    def check_origin(self, origin: str) -> bool:
        return True

    def open(self) -> None:
        IOLoop.current().call_later(_TRIED, self.close)

    def on_message(self, message: Any) -> None:
        self.close()


async def _later(text: str) -> str:
    return text


def handlers(*, own_passwords: bool = True) -> list[tuple[str, Any]]:
    """The addresses of these pages, below the hub's own. `own_passwords`: people choose them here."""
    chosen = [(r"/choose-password", ChoosePasswordHandler), (r"/password", ChangePasswordHandler)]
    return [
        (r"/login", LogInHandler),
        *(chosen if own_passwords else ()),
        (r"/(log-in\.css|log-in\.js)", AssetHandler),
        (r"/log-in-(colour\.css|logo)", LookHandler),
        (r"/can-connect", CanConnectHandler),
    ]
