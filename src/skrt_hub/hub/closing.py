"""Whom the proxy of a closed hub turns away: participants' servers, or everybody where there are no organisers.

Organisers still log in, and have their own servers and the class's page. That nobody else logs in meanwhile is the
log-in's business (skrt_hub.login.authenticator).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from skrt_hub.hub.route_rules import with_reserved
from skrt_hub.login.accounts import Accounts
from skrt_hub.login.accounts_file import AccountsDamagedError
from skrt_hub.login.organisers import organises
from skrt_hub.policy import class_page
from skrt_hub.settings.model import Settings

_ABOVE_ROUTES = 1_500_000
"""Above every route and every file of the pages, below the rule about other names of the hub (hub/configure.py)."""


def let_through(settings: Settings, accounts: Accounts) -> list[str] | None:
    """The organisers, those by a group at a log-in provider too; None where nobody can be one."""
    if not class_page.used(settings):
        return None
    try:
        found = [name for name, entry in accounts.all().items() if organises(entry)]
    except AccountsDamagedError:  # told elsewhere; the proxy is there all the same
        found = []
    return sorted({*settings.organisers, *found})


def rule(organisers: Iterable[str] | None) -> str:
    """traefik's rule for what is closed: to all but these organisers; None where nobody can be one."""
    if organisers is None:
        return "PathPrefix(`/`)"
    own = [with_reserved(f"PathPrefix(`/user/{name}/`)", f"/user/{quote(name, safe='@~')}/") for name in organisers]
    return f"PathPrefix(`/user/`) && !({' || '.join(own)})" if own else "PathPrefix(`/user/`)"


def render(organisers: Iterable[str] | None, entry_points: Sequence[str]) -> str:
    """The file that the proxy reads beside JupyterHub's routes while the hub is closed; JSON is YAML."""
    router = {
        "rule": rule(organisers),
        "service": "assets",
        "middlewares": ["closed"],
        "entryPoints": list(entry_points),
        "priority": _ABOVE_ROUTES,
    }
    return json.dumps({"http": {"routers": {"closed": router}}})
