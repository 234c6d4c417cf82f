"""A home that is there under another volume's name is found by what is written on the volume."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from skrt_hub.targets.kubernetes.in_hub.homes import NAME, SERVER, claim_for, claim_of


def claim(name: str, user: str, age: int = 0, server: str = "", deleted: object = None) -> Any:
    annotations = {NAME: user, SERVER: server} if user else None
    metadata = SimpleNamespace(name=name, annotations=annotations, creation_timestamp=-age, deletion_timestamp=deleted)
    return SimpleNamespace(metadata=metadata)


def test_the_volume_with_the_participants_own_name_is_taken() -> None:
    claims = [claim("claim-ana", "ana"), claim("claim-eva-40example-2eorg", "eva@example.org"), claim("data", "")]
    assert claim_of(claims, "eva@example.org", "") == "claim-eva-40example-2eorg"
    assert claim_of(claims, "eva", "") is None


def test_the_oldest_is_taken_and_one_that_is_being_removed_is_not() -> None:
    claims = [claim("new", "eva", age=1), claim("old", "eva", age=9), claim("gone", "eva", age=99, deleted="now")]
    assert claim_of(claims, "eva", "") == "old"


def test_another_server_of_the_same_participant_has_another_home() -> None:
    assert claim_of([claim("second", "eva", server="second")], "eva", "") is None


def test_a_new_participant_never_gets_the_volume_of_one_who_was_taken_out() -> None:
    removed = claim("claim-ana", "ana (removed 2026-11-23 08:00:00)")
    assert claim_for([removed], "claim-ana", "ana", "") == "claim-ana-2"
    again = claim("claim-ana-2", "ana (removed 2026-11-24 08:00:00)")
    assert claim_for([removed, again], "claim-ana", "ana", "") == "claim-ana-3"
    assert claim_for([removed, claim("claim-ana-2", "ana")], "claim-ana", "ana", "") == "claim-ana-2"


def test_the_usual_volume_is_taken_where_it_is_theirs_says_nothing_or_is_not_there_yet() -> None:
    assert claim_for([claim("claim-ana", "ana")], "claim-ana", "ana", "") == "claim-ana"
    assert claim_for([claim("claim-ana", "")], "claim-ana", "ana", "") == "claim-ana"
    assert claim_for([claim("old", "eva")], "claim-eva", "eva", "") == "old"
    assert claim_for([], "claim-ana", "ana", "") == "claim-ana"
