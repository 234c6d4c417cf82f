"""What GitHub says of somebody, as claims; nothing of it that people choose decides who they are."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from skrt_hub import policy
from skrt_hub.login.github import claims_of
from skrt_hub.login.provider import github
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.release.values import Facts, render_values

LOGIN = {"kind": "oidc", "provider": "github", "client_id": "hub", "client_secret_file": "/secret/file"}
MAIN = {"email": "anna@uni.example", "primary": True, "verified": True}


def settings(**login: Any) -> Settings:
    return Settings.model_validate({"participants": ["anna"], "login": {**LOGIN, **login}})


def test_the_number_is_the_mark_and_the_name_is_shown() -> None:
    said = claims_of({"id": 7, "login": "anna", "name": None}, [MAIN], [], [])
    assert (said["sub"], said["name"], said["email"], said["email_verified"]) == ("7", "anna", MAIN["email"], True)


@pytest.mark.parametrize("number", [None, 0, -1, "7", True, 7.0, [7]])
def test_nobody_is_nobody(number: object) -> None:
    with pytest.raises(ValueError, match="named nobody"):
        claims_of({"id": number, "login": "anna"}, [], [], [])


@pytest.mark.parametrize(
    "addresses",
    [[], [{**MAIN, "verified": False}], [{**MAIN, "verified": "true"}], [{**MAIN, "primary": False}], ["x"]],
)
def test_an_address_that_is_not_the_main_one_or_not_verified_decides_nothing(addresses: list[Any]) -> None:
    assert claims_of({"id": 7, "login": "anna"}, addresses, [], [])["email_verified"] is False


def test_organisations_and_teams_are_groups() -> None:
    team = {"slug": "staff", "organization": {"login": "uni"}}
    said = claims_of({"id": 7, "login": "anna"}, [], [{"login": "uni"}, "odd"], [team, {"slug": "x"}, None])
    assert said["groups"] == ["uni", "uni/staff"]


def test_the_short_form_needs_no_issuer_and_one_of_ones_own_may_be_written() -> None:
    made = settings()
    assert (made.login.issuer, made.login.provider_name, made.login.at_github) == ("https://github.com", "GitHub", True)
    assert made.login.scopes == ("read:user", "user:email")
    assert settings(participant_groups=["uni"]).login.scopes == ("read:user", "user:email", "read:org")
    assert Settings.model_validate(made.model_dump(mode="json")).login == made.login  # as hub.json keeps it
    own = settings(issuer="https://github.uni.example", everyone=True)
    assert github(own.login.issuer).userinfo == "https://github.uni.example/api/v3/user"
    assert github(made.login.issuer).userinfo == "https://api.github.com/user"
    assert policy.institution.authenticator(own) == ("github", "GitHubAuthenticator")
    with pytest.raises(ValidationError, match="anybody in the world"):
        settings(everyone=True)
    with pytest.raises(ValidationError, match="https"):
        settings(issuer="http://github.uni.example")


def test_a_hub_in_a_cluster_is_told_the_same_and_gets_the_program() -> None:
    facts = Facts("image:1", True, None, {}, "", "", "1")
    hub = render_values(settings().model_copy(update={"target": "kubernetes"}), facts)["hub"]
    assert hub["config"]["JupyterHub"]["authenticator_class"] == "skrt_hub_login.github.GitHubAuthenticator"
    assert hub["config"]["GitHubAuthenticator"]["issuer"] == "https://github.com"
