"""Who waits for packages is told when nothing comes."""

from __future__ import annotations

import threading

from skrt_hub.environment.uv import silence_told


def test_silence_is_told_again_and_again() -> None:
    twice, told = threading.Event(), []

    def note(line: str) -> None:
        told.append(line)
        if len(told) == 2:
            twice.set()

    with silence_told(note, after=0.01):
        assert twice.wait(60)
    assert "package index" in told[0]


def test_nothing_is_told_while_something_is_heard_nor_afterwards() -> None:
    told: list[str] = []
    with silence_told(told.append, after=3600) as heard:
        heard()
    assert told == []
