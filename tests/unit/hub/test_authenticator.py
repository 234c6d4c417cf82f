"""The first-use log-in: the first password is the one, guessing is slow, strangers and managers' names are refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tornado import web
from traitlets.config import Config

from skrt_hub.hub.authenticator import Accounts, AccountsDamagedError, Brake, FirstUseAuthenticator


def authenticator(tmp_path: Path, **traits: Any) -> FirstUseAuthenticator:
    config = Config({"FirstUseAuthenticator": {"accounts_file": str(tmp_path / "accounts.json"), **traits}})
    return FirstUseAuthenticator(config=config)


def log_in(who: FirstUseAuthenticator, name: str, password: str) -> str | None:
    return asyncio.run(who.authenticate(None, {"username": name, "password": password}))


def refused(who: FirstUseAuthenticator, name: str, password: str) -> web.HTTPError:
    with pytest.raises(web.HTTPError) as caught:
        log_in(who, name, password)
    return caught.value


def test_the_first_password_is_asked_ever_after(tmp_path: Path) -> None:
    who = authenticator(tmp_path)
    assert log_in(who, "Anna", "correct horse") == "anna"
    assert log_in(who, "anna", "correct horse") == "anna"
    assert "taken" in str(refused(who, "anna", "wrong horse").log_message)
    assert log_in(authenticator(tmp_path), "anna", "correct horse") == "anna"  # after a restart of the hub


def test_a_short_first_password_is_refused_and_makes_no_account(tmp_path: Path) -> None:
    who = authenticator(tmp_path)
    assert "at least 8" in str(refused(who, "anna", "short").log_message)
    assert Accounts(tmp_path / "accounts.json").names() == []


def test_names_that_cannot_be_used_are_refused_with_the_reason(tmp_path: Path) -> None:
    assert "cannot contain" in str(refused(authenticator(tmp_path), "a/b", "long enough").log_message)


def test_only_listed_names_where_there_is_a_list(tmp_path: Path) -> None:
    who = authenticator(tmp_path, anyone=False, allowed_users={"anna"})
    assert log_in(who, "anna", "long enough") == "anna"
    assert "not on the list" in str(refused(who, "bob", "long enough").log_message)


def test_a_managers_name_cannot_be_taken_by_the_first_who_comes(tmp_path: Path) -> None:
    who = authenticator(tmp_path, admin_users={"teacher"})
    assert refused(who, "teacher", "long enough").status_code == 403
    Accounts(tmp_path / "accounts.json").set("teacher", "the organiser's")
    assert log_in(who, "teacher", "the organiser's") == "teacher"


def test_guessing_is_braked(tmp_path: Path) -> None:
    who = authenticator(tmp_path)
    log_in(who, "anna", "long enough")
    codes = [refused(who, "anna", f"guess {number}").status_code for number in range(8)]
    assert codes[:5] == [403] * 5
    assert 429 in codes[5:]
    assert log_in(who, "bob", "long enough") == "bob"  # others are not held up


def test_the_brake_waits_longer_each_time_and_lets_go() -> None:
    now = [0.0]
    brake = Brake(clock=lambda: now[0])
    waits = []
    for _ in range(20):
        now[0] += 1000
        brake.failed("anna")
        waits.append(brake.wait("anna"))
    assert waits[:4] == [0] * 4
    assert waits == sorted(waits)
    assert waits[-1] == Brake.LONGEST_WAIT
    brake.passed("anna")
    assert brake.wait("anna") == 0


def test_passwords_are_not_in_the_file_and_the_file_is_private(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    assert accounts.add("anna", "correct horse")
    text = (tmp_path / "accounts.json").read_text(encoding="utf-8")
    assert "horse" not in text
    assert (tmp_path / "accounts.json").stat().st_mode & 0o777 == 0o600


def test_two_people_with_one_password_have_different_hashes(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    for name in ("anna", "bob"):
        accounts.add(name, "correct horse")
    stored = json.loads((tmp_path / "accounts.json").read_text(encoding="utf-8"))["accounts"]
    assert stored["anna"]["hash"] != stored["bob"]["hash"]


def test_the_second_to_take_a_name_does_not_get_it(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    assert accounts.add("anna", "first come") is True
    assert accounts.add("anna", "second come") is False
    assert accounts.check("anna", "first come") is True
    assert accounts.check("anna", "second come") is False


def test_a_forgotten_password_is_chosen_anew(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.add("anna", "first come")
    assert accounts.forget("anna") is True
    assert accounts.forget("anna") is False
    assert accounts.check("anna", "first come") is None


def test_a_locked_name_lets_nobody_in_until_it_gets_a_password(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.add("anna", "first come")
    accounts.lock("anna")
    assert accounts.names() == []
    assert accounts.check("anna", "first come") is False
    assert accounts.add("anna", "second come") is False
    accounts.set("anna", "a new one")
    assert accounts.check("anna", "a new one") is True


def test_a_damaged_file_lets_nobody_in_and_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    file.write_text('{"accounts": {"anna"', encoding="utf-8")
    with pytest.raises(AccountsDamagedError):
        Accounts(file).add("bob", "long enough")
    assert refused(authenticator(tmp_path), "bob", "long enough").status_code == 500
    assert file.read_text(encoding="utf-8") == '{"accounts": {"anna"'


def test_a_home_whose_account_is_lost_is_not_for_the_first_who_comes(tmp_path: Path) -> None:
    who = authenticator(tmp_path, has_home=lambda name: name == "anna")
    assert "password was lost" in str(refused(who, "anna", "long enough").log_message)
    assert log_in(who, "bob", "long enough") == "bob"
    Accounts(tmp_path / "accounts.json").open("anna")
    assert log_in(who, "anna", "long enough") == "anna"


def test_who_was_here_before_is_known_from_the_database_too(tmp_path: Path) -> None:
    class Known:
        class orm_user:  # noqa: N801 - JupyterHub's name for it
            last_activity = "yesterday"

    class Handler:
        def find_user(self, name: str) -> Known | None:
            return Known() if name == "anna" else None

    who = authenticator(tmp_path)
    with pytest.raises(web.HTTPError):
        asyncio.run(who.authenticate(Handler(), {"username": "anna", "password": "long enough"}))
    assert asyncio.run(who.authenticate(Handler(), {"username": "bob", "password": "long enough"})) == "bob"


def test_a_password_that_was_forgotten_on_purpose_is_chosen_anew_by_its_owner(tmp_path: Path) -> None:
    who = authenticator(tmp_path, has_home=lambda name: True)
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.set("anna", "first come")
    accounts.forget("anna")
    assert log_in(who, "anna", "second come") == "anna"
    assert accounts.add("anna", "third come") is False
