"""The audit goes on after an attempt that ended the throw-away participant's server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from skrt_hub.audit import run
from tests.support.aside import run_aside


class Ended:
    """A server in a pod: the hub takes it for running, and it answers once the cluster has started it again."""

    def __init__(self, silent_for: int) -> None:
        self.silent_for, self.revived = silent_for, 0

    async def alive(self) -> bool:
        return self.revived >= self.silent_for

    def revive(self) -> None:
        self.revived += 1


def test_a_server_is_back_when_it_answers_and_not_when_the_hub_says_so() -> None:
    ended: Any = Ended(silent_for=2)
    guest: Any = SimpleNamespace(revive=ended.revive)
    run_aside(run._revive(guest, ended))
    assert ended.revived == 2
