"""What a log-in provider's word means here: whose name it is, and who may come in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.login import claims, organisers, provider
from skrt_hub.login.accounts import Accounts, Person
from skrt_hub.login.claims import Rule
from skrt_hub.login.requests import carry_out

ISSUER = "https://login.example.org"
COURSE = Rule(participant_groups=("course",), organiser_groups=("staff",))


def came(accounts: Accounts, rule: Rule = COURSE, homes: tuple[str, ...] = (), **said: Any) -> str | None:
    who = claims.visitor(ISSUER, said, rule)
    return accounts.update(lambda entries: claims.take_in(who, rule, entries, homes.__contains__, 1.0))


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    made = Accounts(tmp_path / "accounts.json")
    people = [Person("anna.mueller", "Anna Müller", "Anna@uni.example"), Person("maria", role="organiser")]
    made.take_list([*people, Person("chen@uni.example")], anyone=False)
    return made


def test_a_verified_address_of_the_list_names_its_owner_for_good(accounts: Accounts) -> None:
    assert came(accounts, sub="1", email="anna@UNI.example", email_verified=True) == "anna.mueller"
    assert came(accounts, sub="1", email="new@uni.example", email_verified=True) == "anna.mueller"
    assert came(accounts, sub="1") == "anna.mueller"
    # Whoever gets the address later is somebody else.
    assert came(accounts, sub="2", email="anna@uni.example", email_verified=True) is None
    assert came(accounts, sub="3", email="chen@uni.example", email_verified=True) == "chen@uni.example"


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes"])
def test_an_unverified_address_decides_nothing(accounts: Accounts, verified: Any) -> None:
    assert came(accounts, sub="1", email="anna@uni.example", email_verified=verified) is None
    name = came(accounts, sub="1", email="anna@uni.example", email_verified=verified, groups=["course"])
    assert name == "anna"  # a name of their own, and not hers
    assert accounts.find("anna.mueller") == {**(accounts.find("anna.mueller") or {}), "listed": True}
    assert "identity" not in (accounts.find("anna.mueller") or {})


def test_nobody_takes_a_listed_name_a_home_or_a_removed_name_by_calling_themselves_so(accounts: Accounts) -> None:
    assert came(accounts, sub="1", name="maria", preferred_username="maria", groups="course") == "maria2"
    assert not organisers.organises(accounts.find("maria2") or {})
    assert came(accounts, homes=("lost",), sub="2", name="Lost", groups=["course"]) == "lost2"
    accounts.lock("maria2")
    assert came(accounts, sub="3", name="maria2", groups=["course"]) == "maria22"
    assert came(accounts, sub="1", name="Other", groups=["course"]) == "maria2"  # removed, and not to come back as new


def test_a_name_that_nobody_can_choose_may_be_believed(accounts: Accounts) -> None:
    trusted = Rule(name_claim="preferred_username")
    assert came(accounts, trusted, sub="1", preferred_username="Maria") == "maria"
    assert came(accounts, trusted, sub="2", preferred_username="maria") is None


@pytest.mark.parametrize(
    "name",
    ["\uff41nna.mueller", "anna.mueller ", "anna .mueller", "Anna.\u212auller"],
    ids=["wide", "space", "split", "kelvin"],
)
def test_two_names_of_the_provider_are_never_one_here(accounts: Accounts, name: str) -> None:
    assert came(accounts, Rule(name_claim="uid"), sub="2", uid=name) is None
    assert came(accounts, Rule(name_claim="uid"), sub="1", uid="Anna.Mueller") == "anna.mueller"


def test_letters_that_look_alike_are_another_address(accounts: Accounts) -> None:
    accounts.take_list([Person("kim", email="kim@uni.example"), Person("jörg", email="jörg@uni.example")], anyone=False)
    assert came(accounts, sub="2", email="\u212aim@uni.example", email_verified=True) is None
    assert came(accounts, sub="1", email="KIM@uni.example", email_verified=True) == "kim"
    assert came(accounts, sub="3", email="jörg@uni.example", email_verified=True) == "jörg"


def test_an_address_is_verified_by_the_answer_that_tells_it(accounts: Accounts) -> None:
    told = {"sub": "2", "email": "mallory@uni.example", "email_verified": True}
    assert came(accounts, **claims.joined(told, {"sub": "2", "email": "anna@uni.example"})) is None
    assert came(accounts, **claims.joined({**told, "email": "anna@uni.example"}, {"sub": "2"})) == "anna.mueller"


def test_groups_make_organisers_and_another_rule_makes_them_none(accounts: Accounts) -> None:
    assert came(accounts, sub="1", name="Petra Staff", groups=["staff", 7]) == "petra.staff"
    assert organisers.organises(accounts.find("petra.staff") or {})
    assert carry_out(accounts, "all")["petra.staff"]["role"] == "organiser"
    accounts.update(lambda entries: claims.drop_others(entries, COURSE.stamp))
    assert organisers.organises(accounts.find("petra.staff") or {})
    accounts.update(lambda entries: claims.drop_others(entries, ""))
    assert not organisers.organises(accounts.find("petra.staff") or {})
    assert came(accounts, sub="1", name="Petra Staff") == "petra.staff"  # and no more than a name
    assert claims.admitted_as(accounts.find("petra.staff") or {}) == ""


def test_groups_may_lie_deeper() -> None:
    rule = Rule(groups_claim="realm_access.roles")
    assert claims.visitor(ISSUER, {"sub": "1", "realm_access": {"roles": ["a"]}}, rule).groups == {"a"}
    flat = Rule(groups_claim="https://example.org/groups")
    assert claims.visitor(ISSUER, {"sub": "1", "https://example.org/groups": ["a"]}, flat).groups == {"a"}
    assert claims.visitor(ISSUER, {"sub": "1", "realm_access": "x"}, rule).groups == frozenset()


@pytest.mark.parametrize("subject", [None, "", "  ", 7, ["1"]])
def test_who_is_nobody_gets_nothing(subject: Any) -> None:
    with pytest.raises(claims.ClaimsError):
        claims.visitor(ISSUER, {"sub": subject}, COURSE)


@pytest.mark.parametrize("name", ["../../x", "\u202eevil", "\x1b[2J", "🦆", "", "a" * 500])
def test_any_name_becomes_one_that_can_be_used(accounts: Accounts, name: str) -> None:
    made = came(accounts, sub="1", name=name, groups=["course"])
    assert made is not None
    assert "/" not in made and made.isprintable() and len(made) <= 100


def test_a_forgotten_log_in_is_found_again_by_the_list(accounts: Accounts) -> None:
    assert came(accounts, sub="1", email="anna@uni.example", email_verified=True) == "anna.mueller"
    assert accounts.forget("anna.mueller")
    assert came(accounts, sub="9", email="anna@uni.example", email_verified=True) == "anna.mueller"


# What a provider publishes

WHOLE = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/a",
    "token_endpoint": f"{ISSUER}/t",
    "userinfo_endpoint": f"{ISSUER}/u",
}


def test_a_provider_is_read_and_another_is_refused() -> None:
    found = provider.read(json.dumps(WHOLE), ISSUER)
    assert (found.authorize, found.token, found.userinfo) == (f"{ISSUER}/a", f"{ISSUER}/t", f"{ISSUER}/u")
    assert not found.secret_in_body
    posts = {**WHOLE, "token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert provider.read(json.dumps(posts), ISSUER).secret_in_body
    wrong = [
        ({**WHOLE, "issuer": "https://evil.example"}, "calls itself"),
        ({**WHOLE, "token_endpoint": "http://login.example.org/t"}, "token_endpoint"),
        ({**WHOLE, "userinfo_endpoint": None}, "userinfo_endpoint"),
        ([], "no document"),
    ]
    for document, words in wrong:
        with pytest.raises(provider.ProviderError, match=words):
            provider.read(json.dumps(document), ISSUER)
    with pytest.raises(provider.ProviderError, match="no document"):
        provider.read(b"<html>", ISSUER)


def test_only_what_nobody_can_listen_to_is_safe() -> None:
    assert provider.is_safe("https://a.example") and provider.is_safe("http://127.0.0.1:9400/x")
    assert not provider.is_safe("http://a.example") and not provider.is_safe("file:///etc/passwd")


def lasting(seconds: float, now: float) -> Callable[[dict[str, Any]], bool]:
    """Which log-ins are over at this time."""
    return lambda entry: claims.is_over(entry, seconds, now)


def test_a_log_in_is_over_after_its_time_and_ended_once(accounts: Accounts) -> None:
    assert came(accounts, sub="1", email="anna@uni.example", email_verified=True) == "anna.mueller"  # at second 1
    entry = accounts.find("anna.mueller") or {}
    assert not claims.is_over(entry, 100, 100.9)
    assert claims.is_over(entry, 100, 101)
    accounts.end_log_ins(lasting(100, 100.9))
    assert accounts.to_end() == {}
    accounts.end_log_ins(lasting(100, 101))
    assert accounts.to_end() == {"anna.mueller": "sessions"}
    ended = accounts.find("anna.mueller") or {}
    assert claims.is_over(ended, 100, 101)
    accounts.ended("anna.mueller", ended["since"])
    accounts.end_log_ins(lasting(100, 102))
    assert accounts.to_end() == {}
    assert came(accounts, sub="1") == "anna.mueller"
    assert not claims.is_over(accounts.find("anna.mueller") or {}, 100, 100.9)


def test_a_log_in_of_before_there_were_times_is_over(accounts: Accounts) -> None:
    accounts.add("maria", "a password of old")
    assert claims.is_over(accounts.find("maria") or {}, 100, 50.0) is False  # the clock has not come so far
    assert claims.is_over(accounts.find("maria") or {}, 100, 1e9)
    accounts.end_log_ins(lasting(100, 1e9 + 100))
    assert accounts.to_end() == {"maria": "sessions"}
