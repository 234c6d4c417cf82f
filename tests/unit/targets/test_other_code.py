"""`up` with a newer skrt-hub: the older one's supervisor cannot read the new settings, and is asked all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.errors import StartError, StateError
from skrt_hub.layout import Layout
from skrt_hub.targets.machine import control, up


def test_what_an_older_supervisor_cannot_read_ends_no_upgrade(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers: Iterator[Any] = iter(
        [
            {"code": "old"},
            StateError("hub.json is damaged."),
            StartError("The hub's supervisor does not answer."),
            None,
            {"code": "new"},
        ]
    )

    def ask(*_: object, **__: object) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(control, "ask", ask)
    up._wait_for_other_code(Layout(tmp_path), "old")
    assert next(answers, "asked to the end") == "asked to the end"


def test_it_counts_as_one_that_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def ask(*_: object, **__: object) -> Any:
        raise StateError("hub.json is damaged.")

    monkeypatch.setattr(control, "ask", ask)
    assert control._answers(tmp_path)
