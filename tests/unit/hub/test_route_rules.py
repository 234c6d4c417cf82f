"""Routes of names with reserved characters match the request as traefik sees it."""

from __future__ import annotations

import pytest

from skrt_hub.hub.route_rules import with_reserved


@pytest.mark.parametrize("routespec", ["/user/anna/", "/user/a.b@c/", "/user/m%C3%BCller/", "/user/a%20b/"])
def test_other_routes_are_left_alone(routespec: str) -> None:
    assert with_reserved("rule", routespec) == "rule"


def test_reserved_characters_stay_encoded_and_others_are_decoded() -> None:
    rule = with_reserved("rule", "/user/o%27neil%20m%C3%BCller%2b1/")
    assert rule == "rule || PathPrefix(`/user/o%27neil müller%2B1/`) || Path(`/user/o%27neil müller%2B1`)"
