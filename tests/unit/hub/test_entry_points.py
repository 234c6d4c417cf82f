"""The address that the organiser writes is held in every spelling by which a browser may come."""

from __future__ import annotations

import pytest

from skrt_hub.hub.entry_points import entry_points
from skrt_hub.settings.model import Settings

BEYOND = {"login": {"kind": "first-use", "beyond_loopback": True}}


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("127.0.0.1", {"127.0.0.1:8000", "[::1]:8000"}),
        ("localhost", {"127.0.0.1:8000", "[::1]:8000"}),
        ("::1", {"127.0.0.1:8000", "[::1]:8000"}),
        ("0.0.0.0", {"0.0.0.0:8000", "[::]:8000"}),
        ("::", {"0.0.0.0:8000", "[::]:8000"}),
        ("192.0.2.7", {"192.0.2.7:8000", "127.0.0.1:8000", "[::1]:8000"}),
    ],
)
def test_every_spelling(address: str, held: set[str]) -> None:
    found = entry_points(Settings.model_validate({"address": address, **BEYOND}))
    assert {entry.address for entry in found} == held
    assert [entry.name for entry in found if entry.needed] == ["http"]
    assert len({entry.name for entry in found}) == len(found)


def test_a_name_alone_leads_to_the_encrypted_pages() -> None:
    settings = {"address": "192.0.2.7", "port": 443, "tls": "class", "participants": ["anna"]}
    found = entry_points(Settings.model_validate(settings))
    plain = [entry for entry in found if entry.leads_on]
    assert {entry.address for entry in plain} == {"192.0.2.7:80", "127.0.0.1:80", "[::1]:80"}
    assert not any(entry.needed for entry in plain), "a hub without port 80 is a hub"
    assert {entry.port for entry in found if not entry.leads_on} == {443}
    for other in ({"port": 8443}, {"tls": {"proxy": ["192.0.2.1"]}, "public_url": "https://hub.example.org"}):
        assert not any(entry.leads_on for entry in entry_points(Settings.model_validate({**settings, **other})))
