"""Log-in at an institution's provider (OpenID Connect), by oauthenticator; who may be here is said by the accounts.

oauthenticator leads the browser there and fetches what the provider says. Which name that is, and whether it may come
in, is decided here (skrt_hub.login.claims), in the accounts file, like every other kind of log-in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
from jupyterhub import orm
from oauthenticator.generic import GenericOAuthenticator
from tornado import web  # type: ignore[attr-defined]
from tornado.httpclient import HTTPClientError, HTTPRequest
from traitlets import Dict, Unicode

from . import claims, provider
from .authenticator import AccountsAuthenticator
from .certificate_pages import certificate_handlers
from .institution_pages import CallbackHandler, institution_handlers
from .refusals import Refused

_BELIEVED = 600.0  # seconds for which the provider's addresses are not asked for again
_PATIENCE = 10.0
_CLOCKS = 120  # seconds by which the provider's clock may differ
_BROKEN = (HTTPClientError, OSError, ValueError, KeyError, web.HTTPError)


class InstitutionAuthenticator(AccountsAuthenticator, GenericOAuthenticator):  # type: ignore[misc]
    """Names that a provider vouches for."""

    issuer = Unicode(help="The provider, letter by letter as it calls itself.").tag(config=True)
    client_secret_file = Unicode(help="The file of the secret that the provider gave.").tag(config=True)
    rule = Dict(help="Who may come in (skrt_hub.login.claims.Rule).").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        self._provider: provider.Provider | None = None
        self._asked = 0.0
        self._used: dict[str, float] = {}
        super().__init__(**kwargs)

    @property
    def whom(self) -> claims.Rule:
        """Who may come in."""
        return claims.Rule.of(self.rule)

    def rule_stamp(self) -> str:
        """What was decided by another rule counts no more."""
        return self.whom.stamp

    def is_member(self, entry: dict[str, Any]) -> bool:
        """Whether somebody belongs here: by the list, or by what the provider said at the last log-in."""
        return bool(entry.get("listed") or claims.admitted_as(entry))

    def login_url(self, base_url: str) -> str:
        """The hub's own page comes first: it says where one is, and what is wrong."""
        return f"{base_url}login"

    def use_once(self, state: str, lasts: float) -> bool:
        """Whether the mark of a log-in that was begun is used for the first time."""
        now = time.monotonic()
        self._used = {key: end for key, end in self._used.items() if end > now}
        first = state not in self._used
        self._used[state] = now + lasts
        return first

    async def find_provider(self) -> provider.Provider:
        """Where the provider does what; asked for again now and then. Raises Refused."""
        if self._provider is not None and time.monotonic() - self._asked < _BELIEVED:
            return self._provider
        request = HTTPRequest(provider.where(self.issuer), follow_redirects=False, request_timeout=_PATIENCE)
        try:
            answer = await self.http_client.fetch(request)
            found = provider.read(answer.body, self.issuer)
        except (HTTPClientError, OSError, provider.ProviderError) as error:
            self.log.error("The log-in provider %s cannot be used: %s", self.issuer, error)
            raise Refused(502, "provider_away", provider=self.login_service) from None
        self.authorize_url, self.token_url, self.userdata_url = found.authorize, found.token, found.userinfo
        self.basic_auth = not found.secret_in_body
        self._provider, self._asked = found, time.monotonic()
        return found

    async def authenticate(self, handler: Any, data: Any = None, **kwargs: Any) -> str:
        """The name of whoever comes back from the provider. Raises Refused with what the page shows."""
        if not isinstance(handler, CallbackHandler):  # a name and a password, from somewhere
            raise Refused(403, "institution_only", provider=self.login_service)
        await self.find_provider()
        try:
            who = claims.visitor(self.issuer, await self._said(handler), self.whom)
        except (*_BROKEN, jwt.PyJWTError) as error:
            self.log.error("The log-in provider %s did not say who somebody is: %s", self.issuer, _in_short(error))
            raise Refused(502, "provider_failed", provider=self.login_service) from None
        name = await self.in_pool(self._name_of, who, _known_to_the_hub(handler))
        if name is None:
            self._note(who.shown or who.identity, handler, "not on the list")
            raise Refused(403, "not_listed", shown=who.shown or "?", provider=self.login_service)
        standing = await self.in_pool(self.standing, name)
        if standing != "ok":
            self._note(name, handler, standing)
            key = "not_listed" if standing == "stranger" else standing
            raise Refused(403, key, shown=who.shown or name, provider=self.login_service)
        if self._orders is not None:
            with self._refusing():
                await self._orders.carry_out(name)
        return str(name)

    async def _said(self, handler: Any) -> dict[str, Any]:
        """Everything that the provider says of somebody, in the signed-for answer and at its address for it."""
        self.client_secret = Path(self.client_secret_file).read_text(encoding="utf-8").strip()
        asked = self.build_access_tokens_request_params(handler, None)
        asked.pop("data", None)
        token = await self.get_token_info(handler, asked)
        # It comes from the provider itself over TLS, in which case its signature need not be looked at
        # (OpenID Connect Core 3.1.3.7, step 6); for whom and from whom it is, and until when, must be.
        told = jwt.decode(
            token["id_token"],
            audience=self.client_id,
            issuer=self.issuer,
            leeway=_CLOCKS,
            options={
                "verify_signature": False,
                "verify_aud": True,
                "verify_iss": True,
                "verify_exp": True,
                "require": ["iss", "aud", "exp", "sub"],
            },
        )
        described = await self.token_to_user(token)
        if described.get("sub") != told["sub"]:
            raise ValueError("it spoke of two people")
        return {**told, **described}

    def _name_of(self, who: claims.Visitor, in_hub: Callable[[str], bool]) -> str | None:
        def is_taken(name: str) -> bool:
            return in_hub(name) or bool(self.has_home is not None and self.has_home(name))

        return self.accounts.update(lambda entries: claims.take_in(who, self.whom, entries, is_taken))

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        """The pages of the log-in; also begins to follow the accounts file."""
        self.follow_accounts(app)
        return [*institution_handlers(), *certificate_handlers()]


def _known_to_the_hub(handler: Any) -> Callable[[str], bool]:
    """Whether JupyterHub knows a name; on Kubernetes, where homes cannot be seen from here, that tells of them."""
    known = {name for (name,) in handler.db.query(orm.User.name)}
    return known.__contains__


def _in_short(error: Exception) -> str:
    """What was wrong, without what somebody was told in confidence."""
    if isinstance(error, web.HTTPError):
        return str(error.log_message or error)[:300]
    return f"{type(error).__name__}: {error}"[:300]
