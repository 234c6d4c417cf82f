"""The keeper of the seats with a JupyterHub that only answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from skrt_hub.hub import seat_keeper
from skrt_hub.hub.seat_keeper import Keeper
from skrt_hub.login.accounts import Accounts, Person
from skrt_hub.login.sharing import groups_of
from skrt_hub.policy import seats
from skrt_hub.seats_told import told
from skrt_hub.settings.seats import Seats

NOW = 1_800_000_000.0


class Hub:
    """Users with servers; what was asked of it."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.answers = True

    def __call__(self, method: str, path: str) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        if not self.answers:
            return 0, "nobody there"
        if method == "GET":
            return 200, list(self.users.values())
        name = path.split("/")[2]
        if path.endswith("/server") and method == "POST":
            self.users[name]["servers"] = {"": {"ready": True, "last_activity": None}}
        elif path.endswith("/server"):
            self.users[name]["servers"] = {}
        else:
            self.users.setdefault(name, {"name": name, "servers": {}, "last_activity": None})
        return 202, None


def keeper(hub: Hub, folder: Path, *, homes: tuple[str, ...] = ()) -> Keeper:
    order = seats.Order(keep=600.0, at_once=2)
    accounts = people_in(folder)
    return Keeper(
        seats, order, folder, hub, accounts, groups_of=groups_of, has_home=homes.__contains__, say=lambda _: None
    )


def people_in(folder: Path) -> Accounts:
    """Alice and Bob, who have never logged in."""
    accounts = Accounts(folder / "accounts.json")
    accounts.take_list([Person("alice"), Person("bob")], anyone=False)
    return accounts


def test_the_hub_is_left_alone_where_nothing_is_to_be_done(tmp_path: Path) -> None:
    hub = Hub()
    keeper(hub, tmp_path).look(NOW)

    assert hub.asked == []
    assert json.loads((tmp_path / seat_keeper.DONE).read_text())["looked"] == NOW


def test_from_the_command_to_the_end_of_a_seat(tmp_path: Path) -> None:
    hub = Hub()
    kept = keeper(hub, tmp_path)
    seat_keeper.ask_now(tmp_path, NOW)
    kept.look(NOW)
    assert hub.asked[-2:] == ["POST /users/bob", "POST /users/bob/server"]
    assert seats.is_starting(seat_keeper.read(tmp_path / seat_keeper.DONE), "alice")

    kept.look(NOW + 2)
    kept.look(NOW + 10)
    kept.look(NOW + 12)
    assert hub.asked.count("POST /users/bob/server") == 1
    hub.users["bob"]["last_activity"] = "2027-01-15T08:05:00.000000Z"  # five minutes after NOW
    again = keeper(hub, tmp_path)  # a program that was started again goes on
    again.look(NOW + 590)
    again.look(NOW + 700)

    assert hub.asked.count("POST /users/alice/server") == 1
    assert [line for line in hub.asked if line.startswith("DELETE")] == ["DELETE /users/alice/server"]
    seen = told(Seats(), seat_keeper.read(tmp_path / seat_keeper.DONE), NOW + 700, runs=True)
    assert seen.sentence == "Seats made ready for Fri 2027-01-15 08:00 (UTC): 1 taken, 1 let go, because nobody came."
    assert seen.problem == ""
    nobody = {"looked": NOW, "people": 0}
    assert "nobody for whom" in told(Seats(ready=("Mon 08:45",)), nobody, NOW, runs=True).problem
    assert "not been heard of" in told(Seats(), {"looked": NOW}, NOW + 700, runs=True).problem


def test_a_closed_hub_gets_none(tmp_path: Path) -> None:
    hub = Hub()
    seat_keeper.ask_now(tmp_path, NOW)
    people_in(tmp_path).set_closed(True)
    keeper(hub, tmp_path).look(NOW)

    assert not any(line.startswith("POST") for line in hub.asked)


def test_a_hub_that_does_not_answer_changes_nothing(tmp_path: Path) -> None:
    hub = Hub()
    kept = keeper(hub, tmp_path)
    seat_keeper.ask_now(tmp_path, NOW)
    kept.look(NOW)
    hub.answers = False
    kept.look(NOW + 60)
    hub.answers = True
    kept.look(NOW + 61)

    assert seat_keeper.read(tmp_path / seat_keeper.DONE)["seats"]["alice"]["state"] == seats.READY


def test_who_never_logged_in_can_choose_a_password_beside_the_home_that_was_made(tmp_path: Path) -> None:
    hub = Hub()
    kept = keeper(hub, tmp_path)
    seat_keeper.ask_now(tmp_path, NOW)
    kept.look(NOW)

    assert people_in(tmp_path).decided() == {"alice", "bob"}


def test_a_home_whose_owner_nobody_knows_stays_locked(tmp_path: Path) -> None:
    hub = Hub()
    hub.users["bob"] = {"name": "bob", "servers": {}, "last_activity": None}
    seat_keeper.ask_now(tmp_path, NOW)
    keeper(hub, tmp_path, homes=("alice",)).look(NOW)

    assert not any(line.startswith("POST") for line in hub.asked)
    assert people_in(tmp_path).decided() == set()


def test_who_may_have_a_seat() -> None:
    accounts = {
        "alice": {"listed": True, "group": "A"},
        "bob": {"listed": True, "group": "B"},
        "carol": {"listed": True, "disabled": True},
        "dave": {"listed": True, "locked": True},
        "erin": {"listed": True, "role": "organiser"},
        "frank": {"listed": False, "hash": "x"},
    }

    assert seat_keeper.entitled(accounts, (), groups_of) == ["alice", "bob"]
    assert seat_keeper.entitled(accounts, ("B",), groups_of) == ["bob"]
