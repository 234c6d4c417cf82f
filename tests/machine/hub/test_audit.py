"""`skrt-hub audit` on a real hub: everything is refused, and nothing of the audit stays."""

from __future__ import annotations

import json

import pytest

from tests.support.hubs import Hub


def audit(hub: Hub, *words: str, code: int) -> dict[str, str]:
    document = json.loads(hub.run("audit", "--no-limits", "--json", *words, code=code).stdout)
    assert len(document["rows"]) > 35
    return {row["probe"]: row["outcome"] for row in document["rows"]}


def test_a_hub_refuses_everything_and_nothing_of_the_audit_stays(running: Hub) -> None:
    found = audit(running, code=0)
    assert set(found.values()) == {"refused", "not applicable"}
    assert not [home for home in (running.state / "homes").iterdir() if "audit" in home.name]
    assert "audit" not in running.run("participants").stdout


@pytest.mark.long
def test_a_closed_hub_is_not_attacked(running: Hub) -> None:
    running.run("close")
    try:
        assert "closed" in running.run("audit", code=9).stderr
    finally:
        running.run("open")
