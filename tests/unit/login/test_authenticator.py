"""The log-in: what each kind lets in, one answer for all that is wrong, and guessing that is slow for the guesser."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm
from tornado import web  # type: ignore[attr-defined]
from traitlets.config import Config

from skrt_hub.login import brake, codes
from skrt_hub.login.accounts import Accounts, Person
from skrt_hub.login.accounts_file import AccountsDamagedError
from skrt_hub.login.authenticator import AccountsAuthenticator
from skrt_hub.login.brake import Brake
from skrt_hub.login.pages import Look, Pages
from skrt_hub.login.refusals import ChoosePassword, Refused
from skrt_hub.login.requests import ACTIONS, answer, carry_out


def new_accounts(tmp_path: Path, people: Iterable[Person] = (), *, anyone: bool = False) -> Accounts:
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.take_list(people, anyone=anyone)
    return accounts


def authenticator(tmp_path: Path, **traits: Any) -> AccountsAuthenticator:
    traits = {"accounts_file": str(tmp_path / "accounts.json"), **traits}
    return AccountsAuthenticator(config=Config({"AccountsAuthenticator": traits}))


class From:
    """A request, as far as the log-in looks at it: an address, and the names this browser logged in with before."""

    def __init__(self, address: str, *known: str) -> None:
        self.request = SimpleNamespace(remote_ip=address)
        self._known = known

    def place_of(self, name: str) -> tuple[str, bool]:
        return ("a browser", True) if name in self._known else (self.request.remote_ip, False)

    def find_user(self, name: str) -> Any:
        return None


def log_in(who: AccountsAuthenticator, name: str, password: str, by: Any = None) -> str:
    return asyncio.run(who.authenticate(by, {"username": name, "password": password}))


def refused(who: AccountsAuthenticator, name: str, password: str, by: Any = None) -> Refused:
    with pytest.raises(Refused) as caught:
        log_in(who, name, password, by)
    return caught.value


# first use


def test_the_first_password_is_asked_ever_after(tmp_path: Path) -> None:
    who = authenticator(tmp_path)
    assert log_in(who, "Anna", "correct horse") == "anna"
    assert log_in(who, "anna", "correct horse") == "anna"
    assert refused(who, "anna", "wrong horse").key == "wrong_first-use"
    assert log_in(authenticator(tmp_path), "anna", "correct horse") == "anna"  # after a restart of the hub


def test_a_short_first_password_is_refused_and_makes_no_account(tmp_path: Path) -> None:
    assert refused(authenticator(tmp_path), "anna", "short").key == "new_name"
    assert Accounts(tmp_path / "accounts.json").names() == []


def test_names_that_cannot_be_used_are_refused_with_the_reason(tmp_path: Path) -> None:
    assert "cannot contain" in refused(authenticator(tmp_path), "a/b", "long enough").key


@pytest.mark.parametrize("name", ["\u0430nna", "ann\u03b1", "anna.", "_anna", "Anna -"])
def test_a_new_name_that_looks_like_anothers_is_refused(tmp_path: Path, name: str) -> None:
    """An organiser who looks at the class's page would reset, or end the server of, the wrong one."""
    who = authenticator(tmp_path)
    log_in(who, "anna", "correct horse")
    assert refused(who, name, "correct horse").key == "looks_alike"
    assert Accounts(tmp_path / "accounts.json").names() == ["anna"]
    for other in ("\u0430\u043d\u043d\u0430", "\u00e4nna", "anna2", "annaanna"):
        log_in(who, other, "correct horse")


def test_a_list_may_name_two_who_look_alike(tmp_path: Path) -> None:
    new_accounts(tmp_path, [Person("anna"), Person("anna.")], anyone=True)
    who = authenticator(tmp_path)
    assert log_in(who, "anna", "correct horse") == "anna"
    assert log_in(who, "anna.", "correct horse") == "anna."


@pytest.mark.parametrize("name", ["anna\u034f", "anna\ufe0f", "\u3164", "an\u115fna", "anna\U000e0100"])
def test_a_name_has_no_letters_that_nobody_sees(tmp_path: Path, name: str) -> None:
    assert "nobody can see" in refused(authenticator(tmp_path), name, "correct horse").key


def test_only_listed_names_where_there_is_a_list(tmp_path: Path) -> None:
    new_accounts(tmp_path, [Person("anna")])
    who = authenticator(tmp_path, anyone=False)
    assert log_in(who, "anna", "long enough") == "anna"
    assert refused(who, "bob", "long enough").key == "wrong"


def test_no_server_starts_for_somebody_who_was_taken_out_while_it_waited(tmp_path: Path) -> None:
    accounts = new_accounts(tmp_path, [Person("anna"), Person("bob")])
    who = authenticator(tmp_path, anyone=False)
    anna, bob = SimpleNamespace(name="anna"), SimpleNamespace(name="bob")
    who.pre_spawn_start(anna, None)
    accounts.disable(["anna"])
    accounts.take_list([Person("anna")], anyone=False)
    for user in (anna, bob):
        with pytest.raises(web.HTTPError) as refused:
            who.pre_spawn_start(user, None)
        assert refused.value.status_code == 403


def test_an_organisers_name_cannot_be_taken_by_the_first_who_comes(tmp_path: Path) -> None:
    accounts = new_accounts(tmp_path, [Person("teacher", role="organiser")], anyone=True)
    who = authenticator(tmp_path)
    assert refused(who, "teacher", "long enough").key == "managers"
    accounts.set("teacher", "the organiser's")
    assert log_in(who, "teacher", "the organiser's") == "teacher"
    assert not who.is_admin(None, {"name": "teacher"})  # an organiser manages the class, not JupyterHub


def test_only_the_hubs_configuration_makes_an_administrator(tmp_path: Path) -> None:
    who = authenticator(tmp_path)
    who.admin_users = {"root"}
    assert who.is_admin(None, {"name": "root"})
    assert not who.is_admin(None, {"name": "anna"})
    was_one = asyncio.run(who.refresh_user(SimpleNamespace(name="anna", admin=True)))
    assert was_one == {"name": "anna", "admin": False}


# codes


def with_codes(tmp_path: Path, *names: str) -> tuple[AccountsAuthenticator, Accounts, dict[str, str]]:
    accounts = new_accounts(tmp_path, [Person(name) for name in names])
    return authenticator(tmp_path, kind="codes", anyone=False), accounts, accounts.issue(names)


def chosen(who: AccountsAuthenticator, name: str, code: str) -> ChoosePassword:
    with pytest.raises(ChoosePassword) as caught:
        log_in(who, name, code)
    return caught.value


def test_a_code_leads_to_a_password_and_is_then_used_up(tmp_path: Path) -> None:
    who, accounts, slips = with_codes(tmp_path, "anna")
    wanted = chosen(who, "anna", slips["anna"])
    assert accounts.claim("anna", wanted.mark, "my own words") is True
    assert log_in(who, "anna", "my own words") == "anna"
    assert refused(who, "anna", slips["anna"]).key == "wrong"
    assert accounts.claim("anna", wanted.mark, "somebody else's") is False


def test_a_code_may_be_typed_with_spaces_and_capitals(tmp_path: Path) -> None:
    who, _, slips = with_codes(tmp_path, "anna")
    chosen(who, "anna", slips["anna"].replace("-", "  ").upper())


def test_every_wrong_log_in_gets_the_same_answer(tmp_path: Path) -> None:
    who, accounts, slips = with_codes(tmp_path, "anna", "berta", "carl", "dora")
    accounts.claim("berta", chosen(who, "berta", slips["berta"]).mark, "my own words")
    accounts.disable(["carl"])
    accounts.lock("dora")
    answers = {refused(who, name, "a guess").key for name in ("anna", "berta", "carl", "dora", "nobody")}
    assert answers == {"wrong"}


def test_who_is_disabled_is_told_so_only_with_the_right_password(tmp_path: Path) -> None:
    who, accounts, slips = with_codes(tmp_path, "anna")
    accounts.disable(["anna"])
    assert refused(who, "anna", slips["anna"]).key == "disabled"
    accounts.enable(["anna"])
    chosen(who, "anna", slips["anna"])


def test_a_reset_makes_the_old_password_void_and_ends_sessions(tmp_path: Path) -> None:
    who, accounts, slips = with_codes(tmp_path, "anna")
    accounts.claim("anna", chosen(who, "anna", slips["anna"]).mark, "my own words")
    assert accounts.to_end() == {}
    new = accounts.issue(["anna"])["anna"]
    assert accounts.to_end() == {"anna": "sessions"}
    assert refused(who, "anna", "my own words").key == "wrong"
    chosen(who, "anna", new)


def test_with_codes_an_empty_list_means_nobody(tmp_path: Path) -> None:
    assert refused(authenticator(tmp_path, kind="codes", anyone=False), "anna", "long enough").key == "wrong"


def test_the_class_word_lets_a_new_name_choose_a_password_and_nothing_more(tmp_path: Path) -> None:
    who = authenticator(tmp_path, kind="class-password")
    accounts = Accounts(tmp_path / "accounts.json")
    assert refused(who, "anna", "sunny day").key == "wrong"  # none is set yet
    accounts.set_class_password("sunny day")
    assert accounts.claim("anna", chosen(who, "anna", "Sunny Day").mark, "my own words")
    assert refused(who, "anna", "sunny day").key == "wrong"
    assert log_in(who, "anna", "my own words") == "anna"


def test_codes_are_readable_and_plentiful() -> None:
    assert len(set(codes.WORDS)) == 256
    assert all(word.isascii() and 3 <= len(word) <= 8 for word in codes.WORDS)
    assert len({codes.new_code() for _ in range(200)}) == 200


# who is still welcome


def test_whoever_leaves_the_list_is_logged_out_and_refused(tmp_path: Path) -> None:
    accounts = new_accounts(tmp_path, [Person("anna"), Person("bob")])
    who = authenticator(tmp_path, anyone=False)
    log_in(who, "anna", "long enough")
    change = accounts.take_list([Person("bob")], anyone=False)
    assert change.gone == ("anna",)
    assert accounts.to_end() == {"anna": "server"}
    assert asyncio.run(who.refresh_user(SimpleNamespace(name="anna", admin=False))) is False
    assert asyncio.run(who.refresh_user(SimpleNamespace(name="bob", admin=False))) is True
    accounts.take_list([Person("anna"), Person("bob")], anyone=False)
    assert log_in(who, "anna", "long enough") == "anna"  # the password was kept


@pytest.mark.parametrize("listed", [True, False])
def test_every_log_in_makes_one_hash_so_that_its_time_tells_nothing(
    listed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts, made = new_accounts(tmp_path), []
    if listed:
        accounts.set("anna", "long enough")
    scrypt = hashlib.scrypt
    monkeypatch.setattr(hashlib, "scrypt", lambda *words, **named: made.append(1) or scrypt(*words, **named))
    who = authenticator(tmp_path)
    assert log_in(who, "anna", "long enough") == "anna"
    assert len(made) == 1
    assert refused(who, "anna", "something else").status_code == 403
    assert len(made) == 2


def test_a_forgotten_password_is_chosen_anew(tmp_path: Path) -> None:
    accounts = new_accounts(tmp_path)
    accounts.set("anna", "first come")
    assert accounts.forget("anna") is True
    assert accounts.forget("anna") is False
    assert accounts.check("anna", "first come") is None
    assert accounts.add("anna", "second come") is True
    assert accounts.add("anna", "third come") is False


def test_a_name_that_was_taken_out_stays_locked_on_every_list(tmp_path: Path) -> None:
    accounts = new_accounts(tmp_path, [Person("anna")])
    accounts.lock("anna")
    accounts.take_list([Person("anna")], anyone=True)
    who = authenticator(tmp_path)
    assert refused(who, "anna", "a new password").key == "wrong_first-use"
    assert accounts.add("anna", "a new password") is False
    accounts.free("anna")
    assert log_in(who, "anna", "a new password") == "anna"


@pytest.mark.parametrize("action", sorted(ACTIONS - {"free", "set", "issue", "all", "names", "to_end", "notes"}))
def test_nothing_but_a_new_secret_of_their_own_lets_in_who_was_taken_out(action: str, tmp_path: Path) -> None:
    accounts = new_accounts(tmp_path, [Person("anna")])
    accounts.set("anna", "first come")
    saved = accounts.all()
    accounts.lock("anna")
    arguments: dict[str, tuple[Any, ...]] = {
        "set_class_password": ("sunflower",),
        "take_list": ([asdict(Person("anna"))], True),
        "take_up": (saved,),
        **dict.fromkeys(("disable", "enable", "unlock"), (["anna"],)),
    }
    carry_out(accounts, action, *arguments.get(action, ("anna",)))
    assert accounts.find("anna") is not None and (accounts.find("anna") or {}).get("locked") is True
    assert accounts.add("anna", "a new password") is False
    assert accounts.examine("anna", "sunflower", class_password=True).kind == "wrong"


# guessing


def test_many_guesses_at_once_count_as_many(tmp_path: Path) -> None:
    who = authenticator(tmp_path)
    log_in(who, "anna", "the right one")

    async def burst() -> list[Any]:
        guesses = [f"guess {number}" for number in range(39)] + ["the right one"]
        tries = (who.authenticate(From("10.0.0.9"), {"username": "anna", "password": guess}) for guess in guesses)
        return await asyncio.gather(*tries, return_exceptions=True)

    answers = asyncio.run(burst())
    assert sum(isinstance(one, Refused) and one.status_code == 403 for one in answers) == brake.FREE_TRIES
    assert "anna" not in answers


def test_wrong_tries_from_elsewhere_do_not_lock_the_owner_out(tmp_path: Path) -> None:
    who = authenticator(tmp_path)
    who.brake.clock = lambda: 1000.0  # a wait must not be over while a busy machine hashes
    log_in(who, "anna", "the right one")
    seen = [refused(who, "anna", f"guess {number}", From("10.0.0.9")).status_code for number in range(9)]
    assert seen == [403] * 5 + [429] * 4
    assert log_in(who, "anna", "the right one", From("10.0.0.8")) == "anna"
    assert log_in(who, "anna", "the right one", From("10.0.0.9", "anna")) == "anna"  # her own browser
    assert who.brake.under_attack() == {"anna": {"tries": 5, "places": 1}}
    who.brake.clear("anna")
    assert log_in(who, "anna", "the right one", From("10.0.0.9")) == "anna"


def test_a_list_of_names_tried_from_one_place_is_slowed(tmp_path: Path) -> None:
    now = [0.0]
    guard = Brake(clock=lambda: now[0])
    assert not any(guard.begin(f"name {number}", "10.0.0.9") for number in range(150))
    assert guard.begin("one more", "10.0.0.9") > 0
    assert guard.begin("one more", "10.0.0.8") == 0


def test_one_name_tried_from_everywhere_is_slowed_except_for_its_owners_browser() -> None:
    now = [0.0]
    guard = Brake(clock=lambda: now[0])
    assert not any(guard.begin("anna", f"10.0.{number}.1") for number in range(60))
    assert guard.begin("anna", "10.1.1.1") > 0
    assert guard.begin("anna", "a browser", known=True) == 0


def test_the_brake_waits_longer_each_time_and_lets_go() -> None:
    now = [0.0]
    guard = Brake(clock=lambda: now[0])
    waits = []
    for _ in range(14):
        guard.begin("anna", "here")
        waits.append(guard.begin("anna", "here"))
        now[0] += waits[-1] or 1
    assert max(waits) == brake.LONGEST_WAIT
    assert waits == sorted(waits)
    now[0] += 3601
    assert guard.begin("anna", "here") == 0


def test_a_right_password_gives_its_try_back(tmp_path: Path) -> None:
    who = authenticator(tmp_path)
    for _ in range(20):
        assert log_in(who, "anna", "the right one", From("10.0.0.9")) == "anna"


# the file


def test_no_password_and_no_code_is_in_the_file_and_the_file_is_private(tmp_path: Path) -> None:
    accounts = new_accounts(tmp_path)
    assert accounts.add("anna", "correct horse")
    code = accounts.issue(["bob"])["bob"]
    text = (tmp_path / "accounts.json").read_text(encoding="utf-8")
    assert "horse" not in text
    assert not any(word in text for word in code.split("-"))
    assert (tmp_path / "accounts.json").stat().st_mode & 0o777 == 0o600
    assert "hash" not in answer(str(tmp_path / "accounts.json"), '["all"]')


def test_two_people_with_one_password_have_different_hashes(tmp_path: Path) -> None:
    accounts = new_accounts(tmp_path)
    for name in ("anna", "bob"):
        accounts.add(name, "correct horse")
    assert accounts.all()["anna"]["hash"] != accounts.all()["bob"]["hash"]


@pytest.mark.parametrize("content", ["", '{"accounts": {"anna"', "[]", '{"accounts": []}', '{"accounts": {"anna": 1}}'])
def test_a_damaged_file_lets_nobody_in_and_is_kept(tmp_path: Path, content: str) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(AccountsDamagedError):
        Accounts(file).add("bob", "long enough")
    who = AccountsAuthenticator(config=Config({"AccountsAuthenticator": {"accounts_file": str(file)}}))
    assert refused(who, "bob", "long enough").status_code == 500
    assert file.read_text(encoding="utf-8") == content
    assert "damaged" in json.loads(answer(str(file), '["names"]'))


@pytest.mark.parametrize("kind", ["first-use", "class-password"])
def test_a_home_whose_account_is_lost_is_not_for_the_first_who_comes(tmp_path: Path, kind: str) -> None:
    new_accounts(tmp_path, [Person("anna")], anyone=True).set_class_password("the class's word")
    who = authenticator(tmp_path, kind=kind, has_home=lambda name: name == "anna")
    assert refused(who, "anna", "the class's word").key in ("lost", "wrong")
    Accounts(tmp_path / "accounts.json").forget("anna")  # on purpose
    with pytest.raises(ChoosePassword) if kind == "class-password" else contextlib.nullcontext():
        log_in(who, "anna", "the class's word")


def test_who_was_here_before_is_known_from_the_database_too(tmp_path: Path) -> None:
    class Elsewhere(From):
        def find_user(self, name: str) -> Any:
            return SimpleNamespace(orm_user=SimpleNamespace(last_activity="yesterday")) if name == "anna" else None

    who = authenticator(tmp_path)
    assert refused(who, "anna", "long enough", Elsewhere("10.0.0.9")).key == "lost"
    assert log_in(who, "bob", "long enough", Elsewhere("10.0.0.9")) == "bob"


def test_saved_accounts_come_back_where_there_is_no_password(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old = new_accounts(tmp_path / "old")
    old.add("anna", "correct horse")
    new = new_accounts(tmp_path / "new", [Person("anna"), Person("bob")])
    assert new.take_up(old.all()) == 1
    assert new.check("anna", "correct horse") is True
    assert new.take_up(old.all()) == 0


# the pages


def test_every_language_has_every_word_and_the_same_places_for_values() -> None:
    folder = Path(__file__).parents[3] / "src/skrt_hub/login/words"
    english = json.loads((folder / "en.json").read_text(encoding="utf-8"))
    for file in folder.glob("*.json"):
        words = json.loads(file.read_text(encoding="utf-8"))
        assert words.keys() == english.keys()
        for key, text in words.items():
            assert {part.split("}")[0] for part in text.split("{")[1:]} == {
                part.split("}")[0] for part in english[key].split("{")[1:]
            }, (file.name, key)


def test_the_browsers_language_is_used_and_another_can_be_added() -> None:
    pages = Pages(Look(languages={"fr": {"language": "Français", "log_in": "Se connecter"}}))
    assert pages.language("", "de-CH,de;q=0.9,en") == "de"
    assert pages.language("", "xx,nl;q=0.5") == "en"
    assert pages.language("en", "de") == "en"
    assert pages.say("fr", "log_in") == "Se connecter"
    assert pages.say("fr", "name") == "Name"


def test_nothing_that_a_visitor_types_becomes_part_of_the_page() -> None:
    page = Pages(Look(title="<b>x</b>")).page(
        "log-in", "en", "/hub/", query={"next": '"><script>'}, username='"><script>alert(1)</script>', kind="codes"
    )
    assert "<script>alert" not in page
    assert "<b>x" not in page
    assert '"><script>"' not in page


def test_a_closed_hub_lets_organisers_in_and_tells_the_others(tmp_path: Path) -> None:
    who = authenticator(tmp_path)
    who.accounts.take_list([Person("maria", role="organiser")], anyone=True)
    for name in ("anna", "maria"):
        who.accounts.set(name, "correct horse")
    who.accounts.set_closed(True)
    assert log_in(who, "maria", "correct horse") == "maria"
    assert refused(who, "anna", "correct horse").key == "closed"
    assert refused(who, "anna", "a wrong one").key != "closed"
    still = SimpleNamespace(name="anna", admin=False)
    asks = SimpleNamespace(request=SimpleNamespace(path="/hub/api/user"))
    tells = SimpleNamespace(request=SimpleNamespace(path="/hub/api/users/anna/activity"))
    orders = SimpleNamespace(request=asks.request, _jupyterhub_user=orm.Service(name="command"))
    for handler, goes_on in ((None, False), (asks, False), (tells, True), (orders, True)):
        assert asyncio.run(who.refresh_user(still, handler)) is goes_on
    who.accounts.set_closed(False)
    assert log_in(who, "anna", "correct horse") == "anna"
    assert asyncio.run(who.refresh_user(still)) is True
