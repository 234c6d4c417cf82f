"""Log-in by a link in a course of a learning platform (LTI 1.3), by ltiauthenticator.

ltiauthenticator knows the messages of LTI; who may be here is said by the accounts.
"""

from __future__ import annotations

import asyncio
import hmac
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jwt
from ltiauthenticator.lti13.auth import LTI13Authenticator
from ltiauthenticator.lti13.error import ValidationError
from ltiauthenticator.lti13.validator import LTI13LaunchValidator
from traitlets import List, Unicode

from . import error_pages, lti_claims
from .certificate_pages import certificate_handlers
from .elsewhere import ElsewhereAuthenticator
from .lti_pages import CameHandler, lti_handlers
from .refusals import Refused
from .states import Used

_CLOCKS = 120  # seconds by which the platform's clock may differ
_BELIEVED = 600  # seconds for which the platform's keys are not asked for again
_PATIENCE = 10
_NEEDED = ["iss", "aud", "exp", "iat", "sub", "nonce"]
_BROKEN = (ValidationError, jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError)


class LtiAuthenticator(ElsewhereAuthenticator, LTI13Authenticator):  # type: ignore[misc]
    """Names that a learning platform vouches for."""

    origin = Unicode(help="The hub's own address, as it is entered at the platform.").tag(config=True)
    site = Unicode(help="The platform's pages, if they are at one address.").tag(config=True)
    deployments = List(Unicode(), help="The hub's entries at the platform that count.").tag(config=True)
    courses = List(Unicode(), help="The courses that may lead here; empty: all.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.used = Used()
        self._keys = jwt.PyJWKClient(self.jwks_endpoint, lifespan=_BELIEVED, timeout=_PATIENCE)
        # Not the threads of the accounts: who is logged in goes on, also when the platform does not answer.
        self._askers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="platform")

    def login_url(self, base_url: str) -> str:
        """The hub's own page, which says how one comes in: a log-in begins at the platform."""
        return f"{base_url}login"

    @property
    def came_back_at(self) -> str:
        """Where the platform sends people."""
        return f"{self.origin}{self.callback_url('/hub/')}"

    async def authenticate(self, handler: Any, data: Any = None) -> str:
        """The name of whoever comes from the platform. Raises Refused with what the page shows."""
        if not isinstance(handler, CameHandler):  # a name and a password, from somewhere
            raise Refused(403, "lti_only", provider=self.login_service)
        examine = partial(self._examine, data["id_token"], data["nonce"])
        try:
            token = await asyncio.get_running_loop().run_in_executor(self._askers, examine)
            self._ensure_from_here(token)
            who = lti_claims.who(self.issuer, token, self.whom)
        except (jwt.PyJWKClientConnectionError, OSError) as error:
            self.log.error("The keys of the learning platform %s cannot be had: %s", self.issuer, str(error)[:300])
            raise Refused(502, "provider_away", provider=self.login_service) from None
        except _BROKEN as error:
            said = f"{type(error).__name__}: {error}"[:300]
            self.log.error("The learning platform %s did not say who somebody is: %s", self.issuer, said)
            raise Refused(403, "provider_failed", provider=self.login_service) from None
        return await self.admit(who, handler)

    def _examine(self, id_token: str, nonce: str) -> dict[str, Any]:
        """What the platform says, if it said so itself, now, to this hub and for this log-in. Raises one of _BROKEN."""
        key = self._keys.get_signing_key_from_jwt(id_token).key
        token: dict[str, Any] = jwt.decode(
            id_token,
            key,
            algorithms=self.jwks_algorithms,
            audience=sorted(self.client_id),
            issuer=self.issuer,
            leeway=_CLOCKS,
            options={"require": _NEEDED},
        )
        rules = LTI13LaunchValidator(time_leeway=_CLOCKS)
        rules.validate_id_token(token)
        rules.validate_azp_claim(token, self.client_id)
        if not hmac.compare_digest(str(token["nonce"]).encode(), nonce.encode()):
            raise ValueError("it answered another log-in (nonce)")
        if not lti_claims.is_link(token):
            raise ValueError("it is no link that somebody opens")
        return token

    def _ensure_from_here(self, token: dict[str, Any]) -> None:
        """Raises Refused for a link that the hub's organisers did not make."""
        at, (course, title) = lti_claims.deployment(token), lti_claims.course(token)
        if at not in self.deployments:
            self.log.warning("Refused: somebody came through the deployment %r, which hub.yaml does not name", at[:200])
            raise Refused(403, "lti_elsewhere", provider=self.login_service)
        if self.courses and course not in self.courses:
            told = (course[:200], title[:200])
            self.log.warning("Refused: somebody came from the course %r (%r), which hub.yaml does not name", *told)
            raise Refused(403, "lti_elsewhere", provider=self.login_service)

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        """The pages of the log-in; also begins to follow the accounts file."""
        self.follow_accounts(app)
        return [*lti_handlers(), *certificate_handlers(), *error_pages.handlers()]
