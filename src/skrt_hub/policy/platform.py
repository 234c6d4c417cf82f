"""Log-in from a learning platform (LTI 1.3): what the hub is told, what is to be entered there, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skrt_hub.login.lti_claims import ROLES
from skrt_hub.settings.model import Settings

BEGINS = "hub/lti13/oauth_login"
"""Where a log-in begins that the platform asks for."""
_COMES_BACK, _ENTRY, _KEYS = (f"hub/lti13/{page}" for page in ("oauth_callback", "config", "keys"))


def used(settings: Settings) -> bool:
    """Whether people come by a link in a course."""
    return settings.login.kind == "lti"


def mark(settings: Settings) -> str:
    """How the identities begin that this log-in gives; the deployment and the person follow."""
    return f"lti:{settings.login.issuer} "


def traits(settings: Settings, origin: str) -> dict[str, Any]:
    """What the authenticator is told besides what all log-ins elsewhere are."""
    login = settings.login
    log_in, keys = login.platform.where(login.issuer)
    return {
        "issuer": login.issuer,
        "client_id": [login.client_id] if login.client_id else [],
        "authorize_url": log_in,
        "jwks_endpoint": keys,
        "deployments": list(login.platform.deployments),
        "courses": list(login.platform.courses),
        "origin": origin,
        "site": f"{login.issuer.rstrip('/')}/" if login.platform.kind == "moodle" else "",
    }


def rule(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The rule of who may come in, which here asks for roles."""
    return {**groups, "groups_claim": ROLES}


def to_enter(settings: Settings, origin: str) -> tuple[str, ...]:
    """What whoever runs the platform enters there, in the platform's own words."""
    begins, back, keys = (f"{origin}/{page}" for page in (BEGINS, _COMES_BACK, _KEYS))
    if settings.login.platform.kind == "moodle":
        return (
            "Site administration > Plugins > External tool > Manage tools > configure a tool manually:",
            f"  Tool URL: {origin}/",
            "  LTI version: LTI 1.3",
            "  Public key type: Keyset URL",
            f"  Public keyset: {keys}",
            f"  Initiate login URL: {begins}",
            f"  Redirection URI(s): {back}",
            "  Default launch container: New window",
            "  Privacy > Share launcher's name with tool: Always",
        )
    if settings.login.platform.kind == "canvas":
        return (
            "Admin > Developer Keys > + Developer Key > + LTI Key:",
            f"  Redirect URIs: {back}",
            "  Method: Enter URL",
            f"  JSON URL: {origin}/{_ENTRY}",
            "Switch the key on; then in the course: Settings > Apps > View App Configurations > + App > By Client ID",
        )
    return (
        f"  Launch or target link URL: {origin}/",
        f"  Log-in initiation URL: {begins}",
        f"  Redirect URL: {back}",
        f"  Keyset URL: {keys}",
        "  Open in: a new window",
    )


def missing(settings: Settings) -> str:
    """What the platform tells once the hub is entered there, and hub.yaml does not have yet; or nothing."""
    login = settings.login
    lacks = [
        *([] if login.client_id else ["`client_id: ...`"]),
        *([] if login.platform.deployments else ['`platform: {deployments: ["..."]}`']),
    ]
    return " and ".join(lacks)


def any_course(settings: Settings) -> tuple[str, str]:
    """Where hub.yaml names no courses: what that opens, and what to write; else nothing. A teacher who may add the hub
    to a course of their own decides there who has which role.
    """
    login = settings.login
    if not used(settings) or login.platform.courses:
        return "", ""
    there = f"any course at {login.provider_name} that has the hub"
    found = f"none are named: people get in from {there}"
    if roles := " or ".join(login.organiser_groups):
        found = f"none are named: whoever is {roles} in {there} organises this class"
    remedy = (
        'Write below `login.platform` in hub.yaml: `courses: ["..."]` (the number or mark of your course there). With '
        "a wrong one, open the link once: `skrt-hub logs` tells the right one."
    )
    return found, remedy
