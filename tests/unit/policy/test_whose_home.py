"""A changed kind of log-in: every name keeps its home, and nobody gets another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skrt_hub.errors import RefusedError
from skrt_hub.login import claims
from skrt_hub.login.accounts import Accounts
from skrt_hub.login.claims import Rule
from skrt_hub.login.requests import carry_out
from skrt_hub.policy import log_in, whose_home
from skrt_hub.settings.model import Settings

ISSUER = "https://login.example.org"
LOGIN = {
    "kind": "oidc",
    "issuer": ISSUER,
    "client_id": "hub",
    "client_secret_file": "/secret/file",
    "participant_groups": ["course"],
    "provider": "Campus",
}
COURSE = Rule(participant_groups=("course",))


class Group:
    """A hub's people, through one hub.yaml after another."""

    def __init__(self, file: Path) -> None:
        self.accounts = Accounts(file)
        self.settings = self.before = Settings()

    def now(self, login: Any, *participants: Any) -> None:
        self.before = self.settings
        self.settings = Settings.model_validate({"login": login, "participants": participants})

    def table(self) -> dict[str, str]:
        found = whose_home.homes(self.settings, carry_out(self.accounts, "all"))
        return {home.name: home.now_for for home in found}

    def up(self) -> tuple[str, ...]:
        said = whose_home.ensure_all_found(self.settings, self.before, carry_out(self.accounts, "all"))
        whose_home.ensure_nobodys_is_given_away(self.settings, carry_out(self.accounts, "all"))
        self.accounts.take_list(log_in.people(self.settings), anyone=log_in.anyone(self.settings))
        return said

    def came(self, rule: Rule = COURSE, issuer: str = ISSUER, **said: Any) -> str | None:
        who = claims.visitor(issuer, {"groups": ["course"], **said}, rule)
        return self.accounts.update(lambda entries: claims.take_in(who, rule, entries, lambda _: False, 1.0))


@pytest.fixture
def group(tmp_path: Path) -> Group:
    made = Group(tmp_path / "accounts.json")
    made.now("codes", "anna", "ben", "carla")
    made.up()
    for name in ("anna", "ben", "carla"):
        made.accounts.set(name, "correct horse")
    return made


EMAIL = {"login": "anna", "email": "anna@uni.example"}
MARK = {"login": "ben", "known_as": "bm42"}


def test_from_passwords_to_an_institution_each_is_known_by_the_list(group: Group) -> None:
    group.now(LOGIN, EMAIL, MARK, "carla")
    assert group.table() == {
        "anna": "for whoever proves anna@uni.example at Campus",
        "ben": "for whom Campus calls bm42",
        "carla": "for nobody yet",
    }
    with pytest.raises(RefusedError, match="nobody would get back the home of carla"):
        group.up()
    assert (group.accounts.find("anna") or {})["email"] == ""  # and nothing was changed
    group.accounts.lock("carla")
    assert len(group.up()) == 2
    assert group.came(sub="1", email="anna@uni.example", email_verified=True) == "anna"
    assert group.came(sub="2", email="bm42", email_verified=True) == "bm42"  # an address is no mark
    assert group.came(sub="bm42") == "ben"
    assert group.table() == {}


def test_who_is_known_by_a_mark_is_known_by_nothing_else(group: Group) -> None:
    group.now(LOGIN, EMAIL, {**MARK, "email": "ben@uni.example"}, {"login": "carla", "known_as": "cc"})
    group.up()
    trusted = Rule(participant_groups=("course",), name_claim="preferred_username")
    assert group.came(trusted, sub="1", email="ben@uni.example", email_verified=True) != "ben"
    assert group.came(trusted, sub="2", preferred_username="ben") != "ben"
    assert group.came(trusted, sub="3", preferred_username="cc") == "carla"


def test_the_same_name_at_the_provider_is_another_person_where_there_is_a_home(group: Group) -> None:
    trusted = Rule(participant_groups=("course",), name_claim="preferred_username")
    group.now({**LOGIN, "name_claim": "preferred_username"}, EMAIL, MARK, {"login": "carla", "known_as": "c"}, "dora")
    group.up()
    assert group.came(trusted, sub="1", preferred_username="anna") == "anna2"
    assert group.came(trusted, sub="2", preferred_username="dora") == "dora"  # has nothing here that could be another's


def test_a_class_that_chose_names_of_its_own(tmp_path: Path) -> None:
    group = Group(tmp_path / "accounts.json")
    group.accounts.add("anna", "correct horse")
    group.now(LOGIN)
    with pytest.raises(RefusedError) as caught:
        group.up()
    assert "participants remove anna" in caught.value.remedy
    group.settings = group.before
    group.now(LOGIN, EMAIL)
    assert group.up() == ("Home from before, anna: for whoever proves anna@uni.example at Campus",)


@pytest.mark.parametrize(("kind", "way"), [("codes", "a new code"), ("first-use", "a password that you set")])
def test_back_from_an_institution_nobody_chooses_a_password_for_another(tmp_path: Path, kind: str, way: str) -> None:
    group = Group(tmp_path / "accounts.json")
    group.now(LOGIN, EMAIL)
    group.up()
    assert group.came(sub="1", name="Anna", email="anna@uni.example", email_verified=True) == "anna"
    assert group.came(sub="2", name="Ben Maier") == "ben.maier"
    group.now(kind, "anna")
    assert group.table() == {"anna": f"for Anna, with {way}", "ben.maier": "for nobody yet"}
    with pytest.raises(RefusedError, match=r"ben\.maier"):
        group.up()
    group.now(kind, "anna", "ben.maier")
    group.up()
    accounts = group.accounts
    accounts.set_class_password("one word for all")
    for name in ("anna", "ben.maier"):
        assert accounts.examine(name, "my own words").kind == "wrong"
        assert accounts.examine(name, "one word for all", class_password=True).kind == "wrong"
        assert accounts.add(name, "my own words") is False
    code = accounts.issue(["anna"])["anna"]
    proof = accounts.examine("anna", code)
    assert accounts.claim("anna", proof.mark, "chosen by anna")
    accounts.set("ben.maier", "set by maria")
    assert group.table() == {}
    group.now(LOGIN, "anna")  # and to the institution once more: its mark was kept
    group.up()
    assert group.came(sub="1") == "anna"


def test_somebody_new_on_the_list_gets_no_home_of_another_person_of_that_name(tmp_path: Path) -> None:
    group = Group(tmp_path / "accounts.json")
    group.now(LOGIN)
    assert group.came(sub="7", name="Anna Müller", email="am@uni.example", email_verified=True) == "anna.mueller"
    group.now("codes", {"name": "Anna Müller", "email": "other@uni.example"})
    with pytest.raises(RefusedError, match=r"anna\.mueller on the list is that of somebody"):
        group.up()
    group.now("codes", {"name": "Anna Müller"})
    with pytest.raises(RefusedError, match="one person cannot be seen"):
        group.up()
    for same in ({"email": "AM@uni.example"}, {"known_as": "7"}):
        group.now("codes", {"name": "Anna Müller", **same})
        assert whose_home.ensure_nobodys_is_given_away(group.settings, carry_out(group.accounts, "all")) is None
    group.now("codes", "anna.mueller")  # the very name, by the organiser's own word
    assert group.table() == {"anna.mueller": "for Anna Müller, with a new code"}


def test_to_another_provider_the_list_decides(tmp_path: Path) -> None:
    group = Group(tmp_path / "accounts.json")
    group.now(LOGIN, EMAIL)
    group.up()
    assert group.came(sub="1", email="anna@uni.example", email_verified=True) == "anna"
    other = "https://elsewhere.example.org"
    group.now({**LOGIN, "issuer": other}, EMAIL)
    assert len(group.up()) == 1
    assert group.came(issuer=other, sub="1") == "guest"  # the same mark, of another provider
    assert group.came(issuer=other, sub="2", email="anna@uni.example", email_verified=True) == "anna"


def test_nothing_is_said_where_nothing_changed(group: Group) -> None:
    group.now("codes", "anna", "ben")
    assert group.table() == {}
    assert group.up() == ()
    assert whose_home.in_words(group.settings, carry_out(group.accounts, "all")) == ("", "")
