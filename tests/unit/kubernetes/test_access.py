"""Where a hub on a cluster is reached, and what an ingress needs."""

from __future__ import annotations

from typing import Any

import pytest

from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.access import balancer_url
from skrt_hub.targets.kubernetes.ingress import ingress_class

DEFAULT = {"ingressclass.kubernetes.io/is-default-class": "true"}
OWN = {"certificate": "/c", "key": "/k"}


def settings(**kubernetes: Any) -> Settings:
    login = {"kind": "first-use", "beyond_loopback": True}
    return Settings.model_validate({"login": login, "kubernetes": {"access": "load-balancer", **kubernetes}})


def balancer(*addresses: dict[str, str]) -> dict[str, Any]:
    return {"status": {"loadBalancer": {"ingress": list(addresses)} if addresses else {}}}


@pytest.mark.parametrize(
    ("kubernetes", "addresses", "url"),
    [
        ({}, (), None),
        ({}, ({"ip": "192.0.2.7"},), "http://192.0.2.7/"),
        ({}, ({"ip": "2001:db8::7"},), "http://[2001:db8::7]/"),
        ({}, ({"hostname": "a.example.net"},), "http://a.example.net/"),
        ({"tls": OWN}, ({"ip": "192.0.2.7"},), "https://192.0.2.7/"),
        ({"tls": OWN, "host": "hub.example.org"}, ({"ip": "192.0.2.7"},), "https://hub.example.org/"),
    ],
)
def test_a_load_balancers_address(
    kubernetes: dict[str, Any], addresses: tuple[dict[str, str], ...], url: str | None
) -> None:
    assert balancer_url(balancer(*addresses), settings(**kubernetes)) == url


@pytest.mark.parametrize(
    ("classes", "wanted", "found"),
    [
        ({}, "", None),
        ({"nginx": {}}, "", None),
        ({"nginx": {}, "traefik": DEFAULT}, "", "traefik"),
        ({"nginx": {}, "traefik": DEFAULT}, "nginx", "nginx"),
        ({"nginx": {}}, "traefik", None),
    ],
)
def test_the_ingress_class(classes: dict[str, dict[str, str]], wanted: str, found: str | None) -> None:
    items = [{"metadata": {"name": name, "annotations": marks}} for name, marks in classes.items()]
    assert ingress_class(items, wanted) == found
