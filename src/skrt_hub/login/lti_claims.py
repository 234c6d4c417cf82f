"""What a learning platform (LTI 1.3) says of whoever opens its link, as claims; rules alone.

Who somebody is, is the platform's lasting mark for them (`sub`), at this platform and through this deployment of the
hub there. Platforms verify no e-mail addresses, so those decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .claims import ClaimsError, Rule, Visitor, visitor

_LTI = "https://purl.imsglobal.org/spec/lti/claim/"
_IN_COURSE = "http://purl.imsglobal.org/vocab/lis/v2/membership"
ROLES = "roles"
"""Where the rule about groups finds the roles in the course."""


def deployment(token: Mapping[str, Any]) -> str:
    """Through which of the hub's entries at the platform somebody comes."""
    return str(token.get(f"{_LTI}deployment_id", ""))


def course(token: Mapping[str, Any]) -> tuple[str, str]:
    """The course from which somebody comes: its lasting mark, and what it is called."""
    context = token.get(f"{_LTI}context")
    context = context if isinstance(context, Mapping) else {}
    return str(context.get("id", "")), str(context.get("title", "") or context.get("label", ""))


def is_link(token: Mapping[str, Any]) -> bool:
    """Whether somebody opens a link (and does not set one up, which needs more than the hub can)."""
    return token.get(f"{_LTI}message_type") == "LtiResourceLinkRequest"


def who(issuer: str, token: Mapping[str, Any], rule: Rule) -> Visitor:
    """Who this is. Raises ClaimsError, also for somebody whom the platform does not name."""
    at = deployment(token)
    if not at or any(map(str.isspace, at)):
        raise ClaimsError("it named no deployment")
    return replace(visitor(f"lti:{issuer} {at}", _claims(token), rule), email="")


def _claims(token: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in token.items() if not key.startswith(_LTI) and key != "email_verified"}
    for part in ("lis", "ext", "custom"):
        inner = token.get(_LTI + part)
        if isinstance(inner, Mapping):
            told.update({f"{part}.{key}": value for key, value in inner.items()})
    return {**told, ROLES: list(_roles(token.get(f"{_LTI}roles")))}


def _roles(said: Any) -> Iterator[str]:
    """Roles in the course by their short names. What somebody is elsewhere at the institution keeps its long one: who
    teaches something there does not teach this course.
    """
    for role in said if isinstance(said, list) else []:
        if isinstance(role, str):
            rest = role.removeprefix(_IN_COURSE)
            yield rest[1:] if rest != role and rest[:1] in ("#", "/") else role
