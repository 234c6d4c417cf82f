"""The organiser's page as a service of JupyterHub: where it is, who may open it, and what it may do there."""

from __future__ import annotations

from typing import Any

from skrt_hub.login.managers import ROLE
from skrt_hub.settings.model import Settings

NAME = "class"
PATH = f"/services/{NAME}/"
CALLBACK = f"{PATH}oauth_callback"


def service() -> dict[str, Any]:
    """JupyterHub's service, without its token and without an address."""
    # Who may open it is asked of the accounts at each page, so there is nothing to confirm when one is led there.
    return {"name": NAME, "oauth_client_id": f"service-{NAME}", "oauth_no_confirm": True}


def organisers_role() -> dict[str, Any]:
    """JupyterHub's role of organisers: the page and nothing else. Who has it is in the accounts (login/managers.py)."""
    return {
        "name": ROLE,
        "description": "Organisers of the class open its page.",
        "scopes": [f"access:services!service={NAME}"],
    }


def where(settings: Settings, address: str) -> tuple[str, ...]:
    """What `up` says of the page at this address of the hub, on one machine."""
    return (
        (f"The class's page, for {', '.join(settings.organisers)}: {address}{PATH[1:]}",) if settings.organisers else ()
    )


def missing_on_kubernetes(settings: Settings) -> str:
    """What `check` says of the page where it is not yet, or nothing."""
    if not settings.organisers:
        return ""
    return (
        "the organiser's page is there on one machine only; here: skrt-hub status, participants (restart, reset, "
        "disable) and message do the same"
    )
