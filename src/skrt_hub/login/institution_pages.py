"""The pages of a log-in at an institution: the hub's own first, the way there, and the way back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from oauthenticator.oauth2 import (
    STATE_COOKIE_NAME,
    OAuthCallbackHandler,
    OAuthLoginHandler,
    OAuthLogoutHandler,
)
from tornado.httputil import url_concat

from .handlers import LogInHandler, handlers
from .refusals import Refused
from .states import LASTS, mark_in

_ASK_AGAIN = "skrt-ask-again"


class InstitutionHandler(LogInHandler):
    """The log-in page: one button, and what was wrong."""

    def form(self, error: str = "") -> str:
        following = {"next": self.get_argument("next", "")}
        return self.page(
            "institution",
            error=error,
            closed=self.authenticator.accounts.closed,
            button=self.say("log_in_at", provider=self.authenticator.login_service),
            hint=self.say("hint_oidc", provider=self.authenticator.login_service),
            action=url_concat(f"{self.hub.base_url}oauth_login", following if following["next"] else {}),
        )

    async def post(self) -> None:
        raise Refused(403, "institution_only", provider=self.authenticator.login_service)


class ToProviderHandler(InstitutionHandler, OAuthLoginHandler):  # type: ignore[misc]
    """Leads the browser to the provider."""

    async def get(self) -> None:
        await self.authenticator.find_provider()
        back = urlsplit(self.authenticator.get_callback_url(self))
        if self.request.host.lower() != back.netloc.lower() and not self.get_argument("there", ""):
            # The browser came by another name of the hub's: its cookies would not be there when it comes back.
            here = self.request.uri or ""
            self.redirect(url_concat(f"{back.scheme}://{back.netloc}{here}", {"there": "1"}))
            return
        OAuthLoginHandler.get(self)

    def authorize_redirect(self, *given: Any, extra_params: dict[str, Any], **more: Any) -> Any:
        if self.get_secure_cookie(_ASK_AGAIN):  # somebody logged out here: the next one may be somebody else
            extra_params = {**extra_params, "prompt": self.authenticator.ask_again}
        return super().authorize_redirect(*given, extra_params=extra_params, **more)

    def set_state_cookie(self, state_cookie_value: str) -> None:
        lasts, path = LASTS / 86400, self.hub.base_url
        name = self.kept_as(STATE_COOKIE_NAME)
        self._set_cookie(name, state_cookie_value, expires_days=lasts, httponly=True, path=path)


class CallbackHandler(InstitutionHandler, OAuthCallbackHandler):  # type: ignore[misc]
    """The way back from the provider, good for one time, in the browser that began it."""

    _state_cookie: str | None = None

    async def get(self) -> None:
        self.check_arguments()
        user = await self.log_in_as_told()
        self.clear_cookie(_ASK_AGAIN, path=self.hub.base_url)
        self.redirect(self.get_next_url(user))

    def get_state_cookie(self) -> str:
        if self._state_cookie is None:
            kept = self.get_secure_cookie(self.kept_as(STATE_COOKIE_NAME), max_age_days=LASTS / 86400) or b""
            self._state_cookie = kept.decode("utf-8", "replace")
            self.forget_kept(STATE_COOKIE_NAME)
        return str(self._state_cookie)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Without the address, in which a code stands."""
        if not isinstance(value, Refused):
            self.log.error("The way back from the log-in provider", exc_info=(typ, value, tb))

    def get_state_url(self) -> str:
        return str(self.get_argument("state", ""))

    def check_error(self) -> None:
        if said := self.get_argument("error", ""):
            self.log.warning("The log-in provider refused somebody: %r", said[:200])
            key = "provider_refused" if said in ("access_denied", "login_required") else "provider_failed"
            raise Refused(403, key, provider=self.authenticator.login_service)

    def check_arguments(self) -> None:
        if not self.get_state_cookie():
            raise Refused(403, "log_in_again")
        mark = mark_in(self.get_state_cookie())
        if not mark or mark_in(self.get_state_url()) != mark:
            self.log.warning("A log-in came back wrongly, from %s", self.request.remote_ip)
            raise Refused(403, "log_in_again")
        self.check_error()
        named = self.get_argument("iss", "")  # RFC 9207: a provider says which one it is
        if named and named != self.authenticator.issuer:
            self.log.warning("A log-in came back from %r, from %s", named[:200], self.request.remote_ip)
            raise Refused(403, "log_in_again")
        if not self.get_argument("code", ""):
            self.log.warning("A log-in came back without a code, from %s", self.request.remote_ip)
            raise Refused(403, "log_in_again")
        if not self.authenticator.used.first_time(mark):
            self.log.warning("A log-in came back for the second time, from %s", self.request.remote_ip)
            raise Refused(403, "log_in_again")


class LogOutHandler(OAuthLogoutHandler):  # type: ignore[misc]
    """Leave the hub; the provider asks again who somebody is before this browser comes back."""

    async def handle_logout(self) -> None:
        self._set_cookie(_ASK_AGAIN, "1", encrypted=True, expires_days=1, path=self.hub.base_url)


def institution_handlers() -> list[tuple[str, Any]]:
    """The addresses of these pages, below the hub's own; none that asks for a password."""
    shared = [(path, handler) for path, handler in handlers(own_passwords=False) if path != "/login"]
    return [
        (r"/login", InstitutionHandler),
        (r"/oauth_login", ToProviderHandler),
        (r"/oauth_callback", CallbackHandler),
        (r"/logout", LogOutHandler),
        *shared,
    ]
