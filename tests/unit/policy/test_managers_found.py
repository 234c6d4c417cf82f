"""Organisers whom a log-in elsewhere can never find are named, with the line to write."""

from __future__ import annotations

from typing import Any

import pytest

from skrt_hub import policy
from skrt_hub.settings.model import Settings
from skrt_hub.targets import institution

OIDC = {
    "kind": "oidc",
    "issuer": "https://login.example.org",
    "client_id": "hub",
    "client_secret_file": "/secret/file",
    "provider": "Campus",
    "everyone": True,
}
LTI = {
    "kind": "lti",
    "issuer": "https://moodle.example.org",
    "provider": "Moodle",
    "platform": {"kind": "moodle"},
    "everyone": True,
}
LDAP = {
    "kind": "ldap",
    "directory": {"server": "ldaps://x.example", "base": "dc=example"},
    "everyone": True,
}
GITHUB = {**OIDC, "issuer": "", "provider": "github", "everyone": False, "participant_groups": ["uni"]}


def settings(login: dict[str, Any], **document: Any) -> Settings:
    return Settings.model_validate({"organisers": ["maria"], "login": login, **document})


@pytest.mark.parametrize(
    ("login", "document", "lost"),
    [
        (OIDC, {}, True),
        (GITHUB, {}, True),
        (LTI, {}, True),
        (LDAP, {}, False),  # the directory's own name
        ({"kind": "codes"}, {}, False),
        ({**OIDC, "name_claim": "preferred_username"}, {}, False),
        (OIDC, {"organisers": ["maria@uni.example"]}, False),
        (LTI, {"organisers": ["maria@uni.example"]}, True),  # addresses decide nothing there
        (OIDC, {"participants": [{"login": "maria", "email": "maria@uni.example"}]}, False),
        (LTI, {"participants": [{"login": "maria", "email": "maria@uni.example"}]}, True),
        (LTI, {"participants": [{"login": "maria", "known_as": "7"}]}, False),
        (OIDC, {"participants": ["maria"]}, True),
    ],
)
def test_who_can_never_be_found(login: dict[str, Any], document: dict[str, Any], lost: bool) -> None:
    made = settings(login, **document)
    assert policy.managers_found.never(made, {}) == (made.organisers if lost else ())


def test_who_logged_in_there_before_is_found_and_who_did_elsewhere_is_not() -> None:
    made = settings(OIDC, helpers=["ben"])
    accounts = {"maria": {"identity": "https://login.example.org 7"}, "ben": {"identity": "https://other.example 7"}}
    assert policy.managers_found.never(made, accounts) == ("ben",)


def test_check_and_up_say_the_line_to_write() -> None:
    made = settings(OIDC, helpers=["ben"])
    (found,) = institution.people(made, {})
    assert (found.name, found.ok, found.required) == ("organisers", False, False)
    assert found.found.startswith("maria, ben are in")
    assert "`{login: maria, email: ...}`" in found.remedy
    assert "organiser_groups" in found.remedy
    (line,) = policy.log_in.for_managers(made, lambda _: {})
    assert found.remedy in line
    assert "email" not in institution.people(settings(LTI), {})[0].remedy
    assert "the number of the account" in institution.people(settings(GITHUB), {})[0].remedy
    assert policy.log_in.for_managers(settings(LDAP), lambda _: {}) == ()
