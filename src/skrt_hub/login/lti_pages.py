"""The pages of a log-in from a learning platform: the hub's own, the way to the platform, and the way back."""

from __future__ import annotations

import hmac
import json
import secrets
from typing import Any
from urllib.parse import urlsplit

from ltiauthenticator.lti13.handlers import LTI13LoginInitHandler
from tornado import web  # type: ignore[attr-defined]

from .handlers import LogInHandler, handlers
from .refusals import Refused
from .states import LASTS

_BEGUN = "__Host-skrt-lti-launch"
"""No other host of the domain can plant it. A platform's launch is always encrypted."""
_LONGEST = 2000
_NOWHERE = ("", "/", "/hub", "/hub/")


class LtiHandler(LogInHandler):
    """The log-in page: where to come from, and what was wrong."""

    def form(self, error: str = "") -> str:
        provider = self.authenticator.login_service
        return self.page(
            "lti",
            error=error,
            closed=self.authenticator.accounts.closed,
            action=self.authenticator.site,
            button=self.say("lti_go", provider=provider),
            hint=self.say("hint_lti", provider=provider),
        )

    async def post(self) -> None:
        raise Refused(403, "lti_only", provider=self.authenticator.login_service)

    def refuse_again(self, why: str) -> Refused:
        """Somebody has to begin again; the log says why."""
        self.log.warning("A log-in from the learning platform %s, from %s", why, self.request.remote_ip)
        return Refused(403, "log_in_again")


class BeginHandler(LtiHandler, LTI13LoginInitHandler):  # type: ignore[misc]
    """The platform says that somebody opens its link; the browser goes back there to prove who that is."""

    def check_xsrf_cookie(self) -> None:
        """The platform begins; what keeps others out is what it proves afterwards, in the browser that began."""

    async def get(self) -> None:
        known = self.authenticator
        wanted = {name: self.get_argument(name, "") for name in ("iss", "login_hint", "client_id", "target_link_uri")}
        if not (known.client_id and known.deployments):
            raise Refused(503, "lti_not_ready", provider=known.login_service)
        if wanted["iss"] != known.issuer or not wanted["login_hint"]:
            raise self.refuse_again(f"began at {wanted['iss'][:200]!r}")
        client = wanted["client_id"] or next(iter(known.client_id))
        if client not in known.client_id:
            raise self.refuse_again(f"was for the client {client[:200]!r}")
        begun = {"state": secrets.token_urlsafe(32), "nonce": secrets.token_urlsafe(32)}
        kept = {**begun, "next": self._way_on(wanted["target_link_uri"])}
        # The platform's own page sends the browser back, with a form. No cookie for this site alone would come along.
        self._set_cookie(
            _BEGUN,
            json.dumps(kept),
            expires_days=LASTS / 86400,
            httponly=True,
            path="/",
            samesite="None",
            secure=True,
        )
        self.authorize_redirect(
            redirect_uri=known.came_back_at,
            login_hint=wanted["login_hint"],
            client_id=client,
            lti_message_hint=self.get_argument("lti_message_hint", "") or None,
            **begun,
        )

    post = get  # both are allowed, and platforms use both

    def _way_on(self, link: str) -> str:
        """The page of the hub that the link is for, if it is one."""
        try:
            parts, own = urlsplit(link), urlsplit(self.authenticator.origin)
        except ValueError:
            return ""
        if (parts.scheme, parts.netloc) != (own.scheme, own.netloc) or parts.path in _NOWHERE or len(link) > _LONGEST:
            return ""
        return parts._replace(scheme="", netloc="", fragment="").geturl()


class CameHandler(LtiHandler):
    """The way back from the platform, good for one time, in the browser that began it."""

    def check_xsrf_cookie(self) -> None:
        """The form is the platform's; it holds what the hub gave this browser to take there."""

    async def get(self) -> None:
        raise self.refuse_again("came back without its form")

    async def post(self) -> None:
        begun = self._begun()
        if said := self.get_body_argument("error", ""):
            self.log.warning("The learning platform refused somebody: %r", said[:200])
            raise Refused(403, "provider_refused", provider=self.authenticator.login_service)
        token = self.get_body_argument("id_token", "")
        user = await self.log_in_as_told({"id_token": token, "nonce": begun["nonce"]})
        self.request.arguments["next"] = [begun["next"].encode()]  # JupyterHub looks at where it leads
        self.redirect(self.get_next_url(user), status=303)

    def _begun(self) -> dict[str, str]:
        """What was noted when this log-in began; it is good for this one time. Raises Refused."""
        cookie = self.get_secure_cookie(_BEGUN, max_age_days=LASTS / 86400)
        self.clear_cookie(_BEGUN, path="/", samesite="None", secure=True)
        if not cookie:
            raise self.refuse_again("came back to another browser, or too late")
        begun: dict[str, str] = json.loads(cookie)
        if not hmac.compare_digest(begun["state"].encode(), self.get_body_argument("state", "").encode()):
            raise self.refuse_again("came back wrongly")
        if not self.authenticator.used.first_time(begun["state"]):
            raise self.refuse_again("came back for the second time")
        return begun


class EntryHandler(web.RequestHandler):  # type: ignore[misc]
    """What Canvas reads to enter the hub by one address. It asks for nothing but people's names."""

    def get(self) -> None:
        known = self.settings["authenticator"]
        title = known.pages.look.title
        placement = {
            "placement": "course_navigation",
            "message_type": "LtiResourceLinkRequest",
            "text": title,
            "windowTarget": "_blank",
        }
        canvas = {"platform": "canvas.instructure.com", "privacy_level": "name_only"}
        self.finish(
            {
                "title": title,
                "description": title,
                "target_link_uri": f"{known.origin}/",
                "oidc_initiation_url": f"{known.origin}/hub/lti13/oauth_login",
                "public_jwk_url": f"{known.origin}/hub/lti13/keys",
                "scopes": [],
                "extensions": [{**canvas, "settings": {"placements": [placement]}}],
            }
        )


class KeysHandler(web.RequestHandler):  # type: ignore[misc]
    """The hub's own keys. It has none: it asks the platform for nothing. Platforms want an address of them."""

    def get(self) -> None:
        self.finish({"keys": []})


def lti_handlers() -> list[tuple[str, Any]]:
    """The addresses of these pages, below the hub's own; none that asks for a password."""
    return [
        (r"/login", LtiHandler),
        (r"/lti13/oauth_login", BeginHandler),
        (r"/lti13/oauth_callback", CameHandler),
        (r"/lti13/config", EntryHandler),
        (r"/lti13/keys", KeysHandler),
        *((path, handler) for path, handler in handlers(own_passwords=False) if path != "/login"),
    ]
