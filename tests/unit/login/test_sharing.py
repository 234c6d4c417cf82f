"""Who has which shared folder, by the accounts alone."""

from __future__ import annotations

from typing import Any

import pytest

from skrt_hub.login import claims
from skrt_hub.login.requests import carry_out
from skrt_hub.login.sharing import folders_of, groups_of, others_than

LAB = {"name": "project", "groups": ["lab"], "write": True}
SHEETS = {"name": "sheets", "groups": [], "write": False}


@pytest.mark.parametrize(
    ("entry", "has"),
    [
        ({"listed": True, "group": "lab"}, {"project": "write", "sheets": "read"}),
        ({"listed": True, "group": "labs"}, {"sheets": "read"}),
        ({"listed": False, "group": "lab"}, {"sheets": "read"}),
        ({"admitted": {"groups": ["lab"]}}, {"project": "write", "sheets": "read"}),
        ({"listed": True, "role": "organiser"}, {"project": "write", "sheets": "write"}),
        ({"listed": True, "role": "helper"}, {"sheets": "read"}),
        ({"listed": True, "role": "organiser", "disabled": True}, {"sheets": "read"}),
        ({}, {"sheets": "read"}),
    ],
)
def test_folders_go_by_group_and_writing_by_the_folder_or_by_organising(entry: Any, has: dict[str, str]) -> None:
    assert folders_of(entry, [LAB, SHEETS]) == has


def test_an_empty_group_is_no_group() -> None:
    assert groups_of({"listed": True, "group": ""}) == frozenset()
    assert folders_of({"listed": True, "group": ""}, [{"name": "x", "groups": [""], "write": True}]) == {}


def test_a_providers_groups_are_noted_at_each_log_in_as_far_as_they_matter_and_let_nobody_in() -> None:
    rule = claims.Rule(participant_groups=("students",), other_groups=("lab",))
    accounts: dict[str, dict[str, Any]] = {}

    def log_in(*groups: str) -> str | None:
        said = {"sub": "7", "name": "Anna A", "groups": list(groups)}
        return claims.take_in(claims.visitor("https://x", said, rule), rule, accounts, lambda _: False, 1.0)

    assert log_in("lab") is None
    name = log_in("lab", "students", "choir")
    assert name is not None
    assert groups_of(accounts[name]) == {"lab"}
    log_in("students")
    assert groups_of(accounts[name]) == frozenset()
    log_in("students", "lab")
    claims.drop_others(accounts, claims.Rule(participant_groups=("staff",)).stamp)
    assert groups_of(accounts[name]) == frozenset(), "another rule: what was said counts no more"


def test_a_new_shared_folder_makes_nobody_log_in_again() -> None:
    before, after = claims.Rule(everyone=True), claims.Rule(everyone=True, other_groups=("lab",))
    assert before.stamp == after.stamp
    assert after.groups == ("lab",)


def test_what_a_server_that_runs_would_have_otherwise_is_said() -> None:
    assert others_than({"a": "read"}, {"a": "read"}) == ""
    assert others_than({"a": "read"}, {}) == "lacks /shared/a"
    assert others_than({}, {"a": "read"}) == "still has /shared/a"
    assert others_than({"a": "write"}, {"a": "read"}) == "does not write in /shared/a"
    assert others_than({"a": "read"}, {"a": "write"}) == "still writes in /shared/a"


def test_the_commands_are_told_of_groups_and_of_nothing_secret() -> None:
    class Accounts:
        def all(self) -> dict[str, Any]:
            return {"anna": {"hash": "x", "admitted": {"as": "", "by": "stamp", "groups": ["lab"]}}}

    told = carry_out(Accounts(), "all")  # type: ignore[arg-type]
    assert told["anna"]["admitted"] == {"groups": ["lab"]}
    assert "hash" not in told["anna"]
