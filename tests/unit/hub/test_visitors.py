"""The rules about visitors, as data: marks, what the hub refuses, what it says to browsers."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_hub.hub.visitors import Gate, Told, encrypted_only, refusal, security_headers

GATE = Gate("0" * 64)


def test_each_name_has_a_mark_of_its_own_and_each_hub_other_ones() -> None:
    assert GATE.mark("anna") != GATE.mark("anna ")
    assert GATE.mark("anna") != Gate("1" * 64).mark("anna")
    assert GATE.cookie != Gate("1" * 64).cookie


@pytest.mark.parametrize("name", ["anna", "o'neill+1", "Ånna", "a|b", "x`y"])
def test_the_rule_takes_this_names_cookie_among_others(name: str) -> None:
    pattern = re.search(r"HeaderRegexp\(`Cookie`, `([^`]*)`\)", GATE.rule(name))
    assert pattern is not None
    mark = f"{GATE.cookie}={GATE.mark(name)}"
    for header in (mark, f"a=b; {mark}", f"{mark}; c=d", f"a=b;{mark};c=d"):
        assert re.search(pattern[1], header)
    for header in ("", f"x{mark}", f"{mark}0", f"a={mark}", f"{GATE.cookie}={GATE.mark('bob')}"):
        assert not re.search(pattern[1], header)


def test_a_second_mark_beside_the_right_one_is_taken_for_planted() -> None:
    other = re.search(r"!HeaderRegexp\(`Cookie`, `([^`]*)`\)", GATE.rule("mallory"))
    assert other is not None
    mine, planted = f"{GATE.cookie}={GATE.mark('anna')}", f"{GATE.cookie}={GATE.mark('mallory')}"
    for header in (f"{planted}; {mine}", f"{mine}; {planted}", f"a=b; {planted};{planted}", f"{planted}; a=b; {mine}"):
        assert re.search(other[1], header)
        assert not GATE.is_of("mallory", header)
        assert not GATE.is_of("anna", header)
    for header in (planted, f"a=b; {planted}; c=d", f"x{mine}; {planted}"):
        assert not re.search(other[1], header)
        assert GATE.is_of("mallory", header)
        assert not GATE.is_of("anna", header)
    assert not GATE.is_of("anna", "")


WINDOW = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
SCRIPT = {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
OF_A_SERVER = {"Referer": "http://127.0.0.1:8000/user/mallory/lab"}


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/hub/home", WINDOW),
        ("GET", "/hub/home", {}),  # curl, and browsers over plain HTTP
        ("GET", "/hub/home", {**WINDOW, **OF_A_SERVER}),  # "Hub Control Panel" in JupyterLab's menu
        ("POST", "/hub/login", {**WINDOW, "Referer": "http://127.0.0.1:8000/hub/login"}),
        ("POST", "/hub/api/users/anna/server", {**SCRIPT, "Referer": "http://127.0.0.1:8000/hub/home"}),
        ("GET", "/hub/user/anna/api/contents", {**SCRIPT, **OF_A_SERVER}),  # its server has ended
        ("GET", "/hub/static/css/style.min.css", {"Sec-Fetch-Dest": "style"}),
        ("GET", "/user/anna/lab", SCRIPT),
        ("POST", "/hub/login", {**WINDOW, "Sec-Fetch-Site": "same-origin"}),
        ("POST", "/hub/lti13/oauth_callback", {**WINDOW, "Sec-Fetch-Site": "cross-site"}),  # a platform's own form
        ("POST", "/hub/api/users", {**SCRIPT, "Sec-Fetch-Site": "cross-site", "Authorization": "token x"}),
    ],
)
def test_what_a_class_does_is_answered(method: str, path: str, headers: dict[str, str]) -> None:
    assert refusal(method, path, headers) == ""


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/hub/home", SCRIPT),
        ("GET", "/hub/token", {**SCRIPT, "Referer": "http://127.0.0.1:8000/hub/home"}),
        ("GET", "/hub/home", {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}),
        ("POST", "/hub/api/users/anna/tokens", {**SCRIPT, **OF_A_SERVER}),
        ("POST", "/hub/api/users/anna/tokens", OF_A_SERVER),  # over plain HTTP
        ("POST", "/hub/login", {**WINDOW, **OF_A_SERVER}),
        ("POST", "/hub/login", {**WINDOW, "Sec-Fetch-Site": "same-site"}),  # a sibling's page that hides its address
        ("POST", "/hub/password", {**WINDOW, "Sec-Fetch-Site": "cross-site"}),
        ("DELETE", "/hub/api/users/anna/server", {**SCRIPT, "Sec-Fetch-Site": "same-site"}),
    ],
)
def test_what_only_an_attacker_does_is_refused(method: str, path: str, headers: dict[str, str]) -> None:
    assert refusal(method, path, headers)


def test_pages_and_the_interface_have_policies_of_their_own() -> None:
    page, api = security_headers("/hub/home"), security_headers("/hub/api/user")
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert api["Content-Security-Policy"].startswith("default-src 'none'")
    wide = security_headers("/hub/home", forms_lead_to="https://*.hub.example.org")
    assert "form-action 'self' https://*.hub.example.org;" in wide["Content-Security-Policy"]


def test_a_flood_of_requests_leaves_few_lines_in_the_log() -> None:
    now = [0.0]
    told = Told(lambda: now[0], every=600, most=3)
    assert [told.is_due(("anna", "10.0.0.9")) for _ in range(1000)].count(True) == 1
    assert [told.is_due((f"name {number}", "10.0.0.9")) for number in range(1000)].count(True) == 2
    now[0] = 601.0
    assert told.is_due(("anna", "10.0.0.9"))


@pytest.mark.parametrize(
    ("public", "protocol", "secure"),
    [(None, "https", True), (None, "http", False), ("https", "http", True), ("http", "http", False)],
)
def test_a_cookie_that_came_encrypted_is_sent_encrypted_only(public: str | None, protocol: str, secure: bool) -> None:
    url = SimpleNamespace(scheme=public) if public else None
    handler = SimpleNamespace(settings={"public_url": url}, request=SimpleNamespace(protocol=protocol))
    given: dict[str, Any] = {}
    set_cookie = encrypted_only(lambda _self, _name, _value, **options: given.update(options))
    set_cookie(handler, "_xsrf", "key", path="/hub/")
    assert given == {"path": "/hub/"} | ({"secure": True} if secure else {})
