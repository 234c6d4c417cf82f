"""Log-in with GitHub, which speaks OAuth and not OpenID Connect: fixed addresses, and its answers made into claims.

Who somebody is, is the number of their account: a name there can be given up, and somebody else can take it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tornado.httpclient import HTTPRequest

from .institution import InstitutionAuthenticator
from .provider import GITHUB, Provider, github

_MOST_PAGES = 10
_ON_A_PAGE = 100
_PATIENCE = 10.0


class GitHubAuthenticator(InstitutionAuthenticator):
    """Names that GitHub, or a GitHub Enterprise server, vouches for."""

    ask_again = "select_account"

    async def find_provider(self) -> Provider:
        """Where GitHub does what; nothing there tells it, so it is known here."""
        self._take(github(self.issuer))
        assert self._provider is not None
        return self._provider

    async def _said(self, handler: Any) -> dict[str, Any]:
        """What GitHub says of somebody, in the words of OpenID Connect."""
        token = await self._token(handler)
        interface = self.userdata_url.removesuffix("/user")
        kind, secret = str(token.get("token_type", "bearer")), str(token["access_token"])
        headers = {"Accept": GITHUB, "User-Agent": "skrt-hub", "Authorization": f"{kind} {secret}"}

        async def ask(path: str) -> Any:
            request = HTTPRequest(
                f"{interface}{path}", headers=headers, follow_redirects=False, request_timeout=_PATIENCE
            )
            return json.loads((await self.http_client.fetch(request)).body)

        async def all_of(path: str) -> list[Any]:
            found: list[Any] = []
            for page in range(1, _MOST_PAGES + 1):
                more = await ask(f"{path}?per_page={_ON_A_PAGE}&page={page}")
                found += more
                if len(more) < _ON_A_PAGE:
                    break
            return found

        wanted = self.whom.groups
        user, addresses = await ask("/user"), await all_of("/user/emails")
        organisations = await all_of("/user/orgs") if wanted else []
        teams = await all_of("/user/teams") if any("/" in name for name in wanted) else []
        return claims_of(user, addresses, organisations, teams)


def claims_of(
    user: Mapping[str, Any], addresses: Sequence[Any], organisations: Sequence[Any], teams: Sequence[Any]
) -> dict[str, Any]:
    """GitHub's answers as claims. The address is the main one, if GitHub verified it; a team is `organisation/team`.

    Raises ValueError where GitHub named nobody.
    """
    number = user.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        raise ValueError("GitHub named nobody")
    main = next((one for one in addresses if isinstance(one, Mapping) and one.get("primary") is True), {})
    groups = [one.get("login") for one in organisations if isinstance(one, Mapping)]
    groups += [
        f"{one['organization'].get('login')}/{one.get('slug')}"
        for one in teams
        if isinstance(one, Mapping) and isinstance(one.get("organization"), Mapping)
    ]
    return {
        "sub": str(number),
        "name": user.get("name") or user.get("login"),
        "preferred_username": user.get("login"),
        "email": main.get("email"),
        "email_verified": main.get("verified") is True,
        "groups": groups,
    }
