"""What an attempt says of who refused it."""

from __future__ import annotations

from typing import Any

import pytest

from skrt_hub.audit.inside import network


@pytest.mark.parametrize("problem", [TimeoutError(), ConnectionRefusedError(111, "refused")])
def test_the_clusters_interface_is_kept_away_by_a_policy(monkeypatch: pytest.MonkeyPatch, problem: OSError) -> None:
    """Some clusters let a connection wait that a policy forbids, others refuse it."""

    def connect(*_: Any, **__: Any) -> Any:
        raise problem

    monkeypatch.setattr("socket.create_connection", connect)
    found = network.cluster_interface({"pod": True, "cluster_host": "10.96.0.1"})
    assert found.outcome == "refused"
    assert "network policy" in found.layer


def test_every_attempt_is_told_in_words() -> None:
    """Also one whose program was ended before it could say what it tried."""
    from skrt_hub.audit.run import probes

    words = probes()
    assert len(set(words.values())) == len(words)
    assert all(" " in told for told in words.values())
