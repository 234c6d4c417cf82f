"""The names that the hub answers to."""

from __future__ import annotations

import re
from typing import Any

import pytest

from skrt_hub.policy import hosts
from skrt_hub.settings.model import Settings


def answers(host: str, **changes: Any) -> bool:
    return bool(re.search(hosts.pattern(hosts.answered(Settings(**changes))), host))


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "::1", "anna.localhost", "192.168.1.7", "localhost."]
)
def test_the_machines_own_names_are_answered(host: str) -> None:
    assert answers(host)


@pytest.mark.parametrize(
    "host", ["attacker.example", "localhost.attacker.example", "127.0.0.1.nip.io", "xlocalhost", ""]
)
def test_names_of_elsewhere_are_not(host: str) -> None:
    assert not answers(host)


def test_names_of_hub_yaml_are_answered() -> None:
    settings: dict[str, Any] = {
        "public_url": "https://hub.example.org",
        "participant_url": "https://*.hub.example.org",
    }
    assert answers("hub.example.org", **settings)
    assert answers("anna.hub.example.org", **settings)
    assert not answers("a.b.hub.example.org", **settings)
    assert not answers("hubxexample.org", **settings)
    assert answers("class.example.org", kubernetes={"host": "class.example.org"})


def test_names_of_participants_are_told_from_the_hubs() -> None:
    settings = Settings.model_validate(
        {"public_url": "https://hub.example.org", "participant_url": "https://*.hub.example.org"}
    )
    theirs = re.compile(hosts.of_participants(settings))
    assert theirs.search("anna.hub.example.org")
    assert theirs.search("anna.hub.example.org.")
    assert not theirs.search("hub.example.org")
    assert not theirs.search("127.0.0.1")
    assert hosts.of_participants(Settings()) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"public_url": "hub.example.org"},
        {"public_url": "https://hub.example.org/jupyter"},
        {"public_url": "https://user:word@hub.example.org"},
        {"public_url": "https://*.example.org"},
        {"participant_url": "https://*.hub.example.org"},
        {"public_url": "https://hub.example.org", "participant_url": "https://hub.example.org"},
        {"public_url": "https://hub.example.org", "participant_url": "http://*.hub.example.org"},
        {"public_url": "https://hub.example.org", "participant_url": "https://*.other.example.org"},
    ],
)
def test_addresses_that_cannot_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="_url"):
        Settings(**wrong)
