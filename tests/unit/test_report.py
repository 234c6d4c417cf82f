"""What reports say to a person."""

from __future__ import annotations

import dataclasses

from skrt_hub.report import UpReport

UP = UpReport(name="class", url="http://127.0.0.1:8000/", changed=True, seconds=1.0, lines=("How to log in.",))


def test_a_hub_that_is_up_names_its_address_and_how_to_log_in() -> None:
    assert str(UP.render()) == "The hub “class” is up: http://127.0.0.1:8000/\nHow to log in."


def test_a_hub_in_the_foreground_that_ended_is_not_said_to_be_up() -> None:
    ended = str(dataclasses.replace(UP, ended=True).render())
    assert "has ended" in ended
    assert "is up" not in ended
