"""Log-in at an institution's provider (OpenID Connect), by oauthenticator; who may be here is said by the accounts.

oauthenticator leads the browser there and fetches what the provider says.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import jwt
from oauthenticator.generic import GenericOAuthenticator
from tornado import web  # type: ignore[attr-defined]
from tornado.httpclient import HTTPClientError, HTTPRequest
from traitlets import Unicode

from . import claims, error_pages, provider
from .certificate_pages import certificate_handlers
from .elsewhere import ElsewhereAuthenticator
from .institution_pages import CallbackHandler, institution_handlers
from .refusals import Refused
from .states import Used

_BELIEVED = 600.0  # seconds for which the provider's addresses are not asked for again
_AFTER_A_FAILURE = 5.0  # nor for these, where it did not answer
_PATIENCE = 10.0
_CLOCKS = 120  # seconds by which the provider's clock may differ
_BROKEN = (HTTPClientError, OSError, ValueError, KeyError, web.HTTPError)


class InstitutionAuthenticator(ElsewhereAuthenticator, GenericOAuthenticator):  # type: ignore[misc]
    """Names that a provider vouches for."""

    issuer = Unicode(help="The provider, letter by letter as it calls itself.").tag(config=True)
    client_secret_file = Unicode(help="The file of the secret that the provider gave.").tag(config=True)

    ask_again = "login"
    """What the provider is told (`prompt`) when the next one at a browser may be somebody else."""

    def __init__(self, **kwargs: Any) -> None:
        self._provider: provider.Provider | None = None
        self._asked = self._failed = -_BELIEVED
        self._asking = asyncio.Lock()
        self.used = Used()
        super().__init__(**kwargs)

    def login_url(self, base_url: str) -> str:
        """The hub's own page comes first: it says where one is, and what is wrong."""
        return f"{base_url}login"

    async def find_provider(self) -> provider.Provider:
        """Where the provider does what; asked for again now and then. Raises Refused."""
        async with self._asking:  # many come at once, and one asks
            if self._provider is not None and time.monotonic() - self._asked < _BELIEVED:
                return self._provider
            if time.monotonic() - self._failed < _AFTER_A_FAILURE:
                raise Refused(502, "provider_away", provider=self.login_service)
            return await self._ask_provider()

    async def _ask_provider(self) -> provider.Provider:
        request = HTTPRequest(provider.where(self.issuer), follow_redirects=False, request_timeout=_PATIENCE)
        try:
            answer = await self.http_client.fetch(request)
            found = provider.read(answer.body, self.issuer)
        except (HTTPClientError, OSError, provider.ProviderError) as error:
            self.log.error("The log-in provider %s cannot be used: %s", self.issuer, error)
            self._failed = time.monotonic()
            raise Refused(502, "provider_away", provider=self.login_service) from None
        self._take(found)
        return found

    def _take(self, found: provider.Provider) -> None:
        self.authorize_url, self.token_url, self.userdata_url = found.authorize, found.token, found.userinfo
        self.basic_auth = not found.secret_in_body
        self._provider, self._asked = found, time.monotonic()

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
        return await self.admit(who, handler)

    async def _said(self, handler: Any) -> dict[str, Any]:
        """Everything that the provider says of somebody, in the signed-for answer and at its address for it."""
        token = await self._token(handler)
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
        return claims.joined(told, described)

    async def _token(self, handler: Any) -> dict[str, Any]:
        """What the provider gives for the code with which somebody came back."""
        self.client_secret = Path(self.client_secret_file).read_text(encoding="utf-8").strip()
        asked = self.build_access_tokens_request_params(handler, None)
        asked.pop("data", None)
        token: dict[str, Any] = await self.get_token_info(handler, asked)
        return token

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        """The pages of the log-in; also begins to follow the accounts file."""
        self.follow_accounts(app)
        return [*institution_handlers(), *certificate_handlers(), *error_pages.handlers()]


def _in_short(error: Exception) -> str:
    """What was wrong, without what somebody was told in confidence."""
    if isinstance(error, web.HTTPError):
        return str(error.log_message or error)[:300]
    return f"{type(error).__name__}: {error}"[:300]
