"""Whether the organisers and helpers that hub.yaml names can log in at all, where accounts are kept elsewhere.

Their names alone let nobody in at a log-in provider, where people may choose their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skrt_hub.policy import institution
from skrt_hub.settings.model import Settings


def never(settings: Settings, accounts: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Organisers and helpers whom nothing tells from others, and who have not logged in there yet."""
    if not institution.used(settings):
        return ()
    mark = institution.mark(settings)
    here = {name for name, account in accounts.items() if str(account.get("identity", "")).startswith(mark)}
    return tuple(
        name
        for name in (*settings.organisers, *settings.helpers)
        if name not in here and not _can_be_found(settings, name)
    )


def in_words(settings: Settings, names: tuple[str, ...]) -> tuple[str, str]:
    """What `check` and `up` say of them, and what to write."""
    login, one = settings.login, names[0]
    them = f"{one} is" if len(names) == 1 else f"{', '.join(names)} are"
    found = f"{them} in `organisers` or `helpers`, and nothing says who that is at {login.provider_name}"
    mark = {"lti": "the number or mark of the user there", "ldap": "their name there"}.get(
        login.kind, "their `sub` there"
    )
    if login.at_github:
        mark = "the number of the account"
    ways = [f'`{{login: {one}, known_as: "..."}}` ({mark})']
    if institution.tells_addresses(settings):
        ways.insert(0, f"`{{login: {one}, email: ...}}` (the address that is verified there)")
    remedy = f"Write below `participants` in hub.yaml: {', or '.join(ways)}"
    if not login.organiser_groups:
        role = "Instructor" if login.kind == "lti" else "staff"
        remedy += (
            f". Or name a {'role' if login.kind == 'lti' else 'group'}: `organiser_groups: [{role}]` below `login`"
        )
    return found, remedy


def _can_be_found(settings: Settings, name: str) -> bool:
    """Whether somebody there could be this one: the rule of claims.py, as far as hub.yaml alone says it."""
    person = next((person for person in settings.participants if person.login == name), None)
    if person is not None and person.known_as:
        return True
    if institution.in_directory(settings) or settings.login.name_claim:
        return True
    return institution.tells_addresses(settings) and ("@" in name or bool(person is not None and person.email))
