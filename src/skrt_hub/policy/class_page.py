"""The class's page as a service of JupyterHub: where it is, who may open it, and what each may do there."""

from __future__ import annotations

from typing import Any

from skrt_hub.login.claims import ORGANISER
from skrt_hub.login.organisers import HELPER, ROLE
from skrt_hub.settings.model import Settings

NAME = "class"
PATH = f"/services/{NAME}/"
CALLBACK = f"{PATH}oauth_callback"
PORT = 8090
"""Where the hub's pod on Kubernetes takes the browsers that the proxy leads to the page."""
SEE = "see"
"""To look at the class: who is in, who is stuck."""
LOOK = "look"
"""To look at the notebooks that somebody shows."""
ON_ONE = ("message", "restart", "stop", "reset", "disable", "enable")
ON_ALL = ("message", "open", "close")
ON_COURSE = ("material", "update", "hand-out", "withdraw", "collect", "saves", "save", "verify")
_MAY = {
    ORGANISER: frozenset((SEE, LOOK, *ON_ONE, *ON_ALL, *ON_COURSE)),
    HELPER: frozenset((SEE, "restart")),
}


def may(role: str) -> frozenset[str]:
    """What somebody of this role may do on the page; nothing for a participant."""
    return _MAY.get(role, frozenset())


def used(settings: Settings) -> bool:
    """Whether anybody can have the page: by name, or by a group at an institution's log-in provider."""
    return bool(settings.organisers or settings.helpers or settings.login.organiser_groups)


def service() -> dict[str, Any]:
    """JupyterHub's service, without its token and without an address."""
    # Who may open it is asked of the accounts at each page, so there is nothing to confirm when one is led there.
    return {"name": NAME, "oauth_client_id": f"service-{NAME}", "oauth_no_confirm": True}


def organisers_role() -> dict[str, Any]:
    """JupyterHub's role of organisers and helpers: the page alone. Who has it is in the accounts (login/organisers.py).

    JupyterHub gives both the same, the way to the page; what each may do there, `may` says.
    """
    return {
        "name": ROLE,
        "description": "Organisers of the class, and their helpers, open its page.",
        "scopes": [f"access:services!service={NAME}"],
    }


def where(settings: Settings, address: str) -> tuple[str, ...]:
    """What `up` says of the page at this address of the hub."""
    groups = settings.login.organiser_groups
    named = [*settings.organisers, *((f"the group{'s' * (len(groups) != 1)} {', '.join(groups)}",) if groups else ())]
    named += [f"and, as a helper, {name}" for name in settings.helpers]
    return (f"The class's page, for {', '.join(named)}: {address}{PATH[1:]}",) if used(settings) else ()


def needs_on_kubernetes(settings: Settings) -> str:
    """What `check` says of the page there, or nothing."""
    if not used(settings):
        return ""
    return "shown by this machine: it is there while this machine runs and reaches the cluster"
