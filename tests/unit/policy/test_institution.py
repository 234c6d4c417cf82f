"""A log-in at an institution: one rule, the same on both targets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from traitlets.config import Config

from skrt_hub import policy
from skrt_hub.errors import SettingsError
from skrt_hub.hub import configure
from skrt_hub.hub.applied import Applied, Ports
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.targets import institution
from skrt_hub.targets.kubernetes.release.values import Facts, render_values

FACTS = Facts("image:1", True, None, {}, "", "", "1")
LOGIN = {
    "kind": "oidc",
    "issuer": "https://login.example.org",
    "client_id": "hub",
    "client_secret_file": "/secret/file",
    "participant_groups": ["course"],
}


def settings(**document: Any) -> Settings:
    return Settings.model_validate({"login": LOGIN, **document})


def test_both_targets_are_told_the_same(tmp_path: Path) -> None:
    c = Config()
    applied = Applied(settings(), "1", Ports(1, 2, 3), tmp_path, root=False)
    configure._log_in(c, applied, Layout(tmp_path))
    values = render_values(settings(target="kubernetes"), FACTS)["hub"]
    there = values["config"]["InstitutionAuthenticator"]
    here = dict(c.InstitutionAuthenticator)
    assert here.pop("client_secret_file") == "/secret/file"
    mounted = there.pop("client_secret_file")
    assert here == there
    assert here["session"] == 12 * 3600
    assert c.JupyterHub.cookie_max_age_days == values["config"]["JupyterHub"]["cookie_max_age_days"] == 0.5
    assert c.JupyterHub.authenticator_class.__name__ == "InstitutionAuthenticator"
    assert values["config"]["JupyterHub"]["authenticator_class"] == (
        "skrt_hub_login.institution.InstitutionAuthenticator"
    )
    assert mounted.startswith(values["extraVolumeMounts"][0]["mountPath"])
    assert values["extraVolumes"][0]["secret"]["secretName"] == "skrt-hub-log-in"
    assert "/secret/file" not in json.dumps(values)


@pytest.mark.parametrize(
    ("provider", "issuer", "shown"),
    [("google", "https://accounts.google.com", "Google"), ("GitLab", "https://gitlab.com", "GitLab")],
)
def test_well_known_providers_need_no_issuer_and_never_let_in_everybody(provider: str, issuer: str, shown: str) -> None:
    short = {key: value for key, value in LOGIN.items() if key != "issuer"} | {"provider": provider}
    made = settings(login=short)
    assert (made.login.issuer, made.login.provider_name) == (issuer, shown)
    assert Settings.model_validate(made.model_dump(mode="json")).login == made.login  # as hub.json keeps it
    with pytest.raises(ValidationError, match="anybody in the world"):
        settings(login={**short, "everyone": True})
    with pytest.raises(ValidationError, match="anybody in the world"):
        settings(login={**LOGIN, "issuer": issuer, "everyone": True})
    with pytest.raises(ValidationError, match="issuer"):
        settings(login={**short, "provider": "another"})
    assert settings(login={**LOGIN, "provider": provider}).login.issuer == LOGIN["issuer"]


def test_other_kinds_know_nothing_of_it() -> None:
    values = render_values(Settings.model_validate({"target": "kubernetes"}), FACTS)["hub"]
    assert "InstitutionAuthenticator" not in values["config"]
    assert "extraVolumes" not in values


@pytest.mark.parametrize(
    ("document", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"port": 8080}, "http://127.0.0.1:8080"),
        ({"public_url": "https://hub.example.org"}, "https://hub.example.org"),
        ({"address": "hub.example.org", "tls": "class", "port": 443}, "https://hub.example.org"),
        ({"target": "kubernetes"}, "http://127.0.0.1:8000"),
        (
            {
                "target": "kubernetes",
                "kubernetes": {"access": "ingress", "host": "hub.example.org"},
                "tls": {"secret": "x"},
            },
            "https://hub.example.org",
        ),
    ],
)
def test_the_address_to_register(document: dict[str, Any], address: str) -> None:
    assert policy.institution.callback(settings(**document)) == f"{address}/hub/oauth_callback"
    assert f"{address}/hub/oauth_callback" in policy.log_in.how_to_log_in(settings(**document))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"login": {**LOGIN, "participant_groups": []}}, "say who may log in"),
        ({"login": {**LOGIN, "client_id": ""}}, "client_id"),
        ({"login": {**LOGIN, "issuer": "http://login.example.org"}}, "https://"),
        ({"login": {**LOGIN, "issuer": "https://login.example.org?x=1"}}, "whole address"),
        ({"login": {**LOGIN, "kind": "codes"}}, "need `kind: oidc`"),
        ({"login": {"kind": "codes", "session": "2 h"}}, "session: needs"),
        ({"login": {**LOGIN, "session": "1 min"}}, "300"),
        ({"login": {**LOGIN, "scopes": ["email"]}}, "openid"),
        ({"address": "lan", "tls": "class"}, "public_url"),
        ({"address": "hub.example.org"}, "tls: class"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_write(document: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**document)


def test_an_empty_list_lets_nobody_in() -> None:
    assert not policy.log_in.anyone(settings())


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    chosen = settings(login={**LOGIN, "client_secret_file": str(file)})
    with pytest.raises(SettingsError, match="cannot be read"):
        institution.ensure_secret(chosen)
    file.write_text("word\n")
    file.chmod(0o640)
    with pytest.raises(SettingsError, match="read by others"):
        institution.ensure_secret(chosen)
    file.chmod(0o600)
    assert institution.ensure_secret(chosen) == "word"
    file.write_text("two words")
    with pytest.raises(SettingsError, match="one word"):
        institution.ensure_secret(chosen)
