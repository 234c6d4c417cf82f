"""A log-in with an institution's directory: one rule, the same on both targets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from traitlets.config import Config

from skrt_hub import policy
from skrt_hub.errors import SettingsError
from skrt_hub.hub import configure
from skrt_hub.hub.applied import Applied, Ports
from skrt_hub.layout import Layout
from skrt_hub.login.directory_log_in import DirectoryAuthenticator
from skrt_hub.login.refusals import Refused
from skrt_hub.policy import whose_home
from skrt_hub.settings.model import Settings
from skrt_hub.targets import institution
from skrt_hub.targets.kubernetes.release.values import Facts, render_values

FACTS = Facts("image:1", True, None, {}, "", "", "1")
DIRECTORY = {
    "server": "ldaps://ldap.example.org",
    "base": "ou=people,dc=example,dc=org",
    "reader": "cn=hub,dc=example,dc=org",
    "reader_password_file": "/secret/file",
}
LOGIN = {"kind": "ldap", "directory": DIRECTORY, "participant_groups": ["cn=course,dc=example,dc=org"]}


def settings(directory: dict[str, Any] | None = None, **document: Any) -> Settings:
    login = {**LOGIN, **document.pop("login", {}), "directory": {**DIRECTORY, **(directory or {})}}
    return Settings.model_validate({"login": login, **document})


def test_both_targets_are_told_the_same(tmp_path: Path) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    chosen = settings({"authority": str(authority)})
    c = Config()
    configure._log_in(c, Applied(chosen, "1", Ports(1, 2, 3), tmp_path, root=False), Layout(tmp_path))
    on_cluster = settings({"authority": str(authority)}, target="kubernetes")
    values = render_values(on_cluster, FACTS)["hub"]
    there, here = values["config"]["DirectoryAuthenticator"], dict(c.DirectoryAuthenticator)
    assert here.pop("password_file") == "/secret/file"
    assert there.pop("password_file").startswith(values["extraVolumeMounts"][0]["mountPath"])
    assert here == there
    assert here["directory"]["authority"] == "-----BEGIN CERTIFICATE-----\n"
    assert values["config"]["JupyterHub"]["authenticator_class"] == (
        "skrt_hub_login.directory_log_in.DirectoryAuthenticator"
    )
    assert c.JupyterHub.authenticator_class is DirectoryAuthenticator
    assert "/secret/file" not in json.dumps(values)
    assert Settings.model_validate(chosen.model_dump(mode="json")) == chosen  # as hub.json keeps it


def test_without_a_reader_there_is_no_secret() -> None:
    open_one = settings({"reader": "", "reader_password_file": None}, target="kubernetes")
    values = render_values(open_one, FACTS)["hub"]
    assert "extraVolumes" not in values
    assert values["config"]["DirectoryAuthenticator"]["password_file"] == ""
    assert institution.ensure_secret(open_one) == ""


@pytest.mark.parametrize(
    ("directory", "words"),
    [
        ({"server": ""}, "write also `directory`"),
        ({"server": "ldap.example.org"}, "ldaps:// or ldap://"),
        ({"server": "ldaps://ldap.example.org:x"}, "ldaps:// or ldap://"),
        ({"server": "ldaps://ldap.example.org/dc=org"}, "ldaps:// or ldap://"),
        ({"base": ""}, "give one of"),
        ({"base": "", "template": "uid={name},dc=org"}, "show themselves"),
        ({"reader": ""}, "go together"),
        ({"base": "", "reader": "", "reader_password_file": None, "template": "{name}@example.org"}, "whole entry"),
        ({"login_attribute": "uid)(x"}, "pattern"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_write(directory: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(directory)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"login": {"participant_groups": []}}, "say who may log in"),
        ({"login": {"kind": "codes"}}, "directory needs"),
        ({"address": "lan"}, "tls: class"),
    ],
)
def test_what_cannot_work_with_the_rest_is_refused(document: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**document)
    assert settings(address="lan", tls="class").login.kind == "ldap"  # nobody is led back, so no fixed address


def test_only_this_machine_is_asked_without_encryption(tmp_path: Path) -> None:
    assert settings({"server": "ldap://127.0.0.1:389"}).login.directory.plain
    assert not settings({"server": "ldap://ldap.example.org"}).login.directory.plain
    assert not settings({"server": "ldap://localhost", "authority": str(tmp_path)}).login.directory.plain


def test_an_authority_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    for content in (None, b"\xff", b"no certificate"):
        file = tmp_path / "authority.pem"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(SettingsError, match="cannot be used"):
            institution.ensure_secret(settings({"authority": str(file)}))


def test_who_has_a_home_is_known_again_by_what_the_directory_calls_them() -> None:
    people = [{"login": "anna", "known_as": "am42"}, {"login": "ben", "email": "ben@example.org"}]
    accounts = {"anna": {"password": True}, "ben": {"password": True}}
    homes = {home.name: home.found for home in whose_home.homes(settings(participants=people), accounts)}
    assert homes == {"anna": True, "ben": False}  # people can often change their address in a directory
    believed = settings({"email_attribute": "mail"}, participants=people)
    assert all(home.found for home in whose_home.homes(believed, accounts))
    assert not policy.log_in.anyone(settings())


@pytest.mark.parametrize("password", ["", "\0", "word\0"])
def test_an_empty_password_never_reaches_the_directory(
    tmp_path: Path, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(DirectoryAuthenticator, "_prove", lambda *_: asked.append("asked"))
    traits = {"accounts_file": str(tmp_path / "accounts.json"), "kind": "ldap", "anyone": False, "directory": {}}
    who = DirectoryAuthenticator(config=Config({"DirectoryAuthenticator": traits}))
    handler = SimpleNamespace(request=SimpleNamespace(remote_ip="192.0.2.7"))
    with pytest.raises(Refused, match="wrong_ldap"):
        asyncio.run(who.authenticate(handler, {"username": "anna", "password": password}))
    assert asked == []


def test_check_names_the_file_of_the_readers_password(tmp_path: Path) -> None:
    file = tmp_path / "reader"
    file.write_text("a password of the reader")
    file.chmod(0o600)
    assert institution._secret(settings({"reader_password_file": str(file)})).found == f"{file}, readable by you alone"
