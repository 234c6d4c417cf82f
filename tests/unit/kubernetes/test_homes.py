"""A home that is there under another volume's name is found by what is written on the volume."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from skrt_hub.targets.kubernetes.in_hub.homes import NAME, SERVER, claim_of


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
