"""What a stranger sends by the thousand costs the hub a bounded log, bounded memory and constant time."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest

from skrt_hub.login import brake, states, tally


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Lines(logging.Handler):
    """A log, as lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def written() -> Any:
    """A logger whose handler is watched, its lines, the tally, and its clock."""
    log, handler, clock = logging.Logger("a hub"), Lines(), Clock()
    log.addHandler(handler)
    looks = tally.Tally(log.warning, clock)
    looks.watch(log)
    return log, handler.lines, looks, clock


def test_a_flood_is_written_down_for_a_while_and_then_counted(written: Any) -> None:
    log, lines, looks, clock = written
    for number in range(5000):
        log.warning("a bad request from %s", number)  # new words each time
        log.info("a page")
    assert sum("bad request" in line for line in lines) == tally.TOLD_IN_A_MINUTE
    assert lines.count("a page") == 5000  # rotation keeps those
    log.error("something else")
    assert lines[-1] == "something else"
    clock.now += 61
    looks.end_minutes()
    assert lines[-1] == f"{5000 - tally.TOLD_IN_A_MINUTE} more within a minute like: a bad request from 0"
    looks.end_minutes()
    assert sum("more within" in line for line in lines) == 1
    log.warning("a bad request from %s", "now")
    assert lines[-1] == "a bad request from now"


def state(mark: str, **more: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"state_id": mark, **more}).encode()).decode()


@pytest.mark.parametrize("sent", ["", "ä", "e30=", "W10=", "bnVsbA==", "====", "[" * 5000, state("x")[:-5] + "!!"])
def test_what_is_no_mark_is_none(sent: str) -> None:
    assert states.mark_in(sent) == ""


def test_a_mark_is_good_once_however_it_is_written() -> None:
    used = states.Used()
    assert used.first_time(states.mark_in(state("one")))
    assert not used.first_time(states.mark_in(state("one", more="words")))
    assert used.first_time(states.mark_in(state("two")))


def test_used_marks_are_bounded_and_forgotten_after_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "_MOST_KEPT", 100)
    clock = Clock()
    used = states.Used(clock)
    for number in range(1000):
        assert used.first_time(str(number))
    assert len(used._ends) == 100
    assert not used.first_time("999")
    clock.now += states.LASTS
    assert used.first_time("new")
    assert list(used._ends) == ["new"]


def test_many_wrong_log_ins_from_one_network_have_to_wait_and_a_right_one_forgets_none() -> None:
    clock = Clock()
    stop = brake.Brake(clock)
    places = [brake.place_of(f"2001:db8::{number:x}") for number in range(150)]
    assert all(stop.begin("", place) == 0 for place in places)
    stop.passed("", places[0])
    assert stop.begin("", places[0]) == 0
    assert stop.begin("", brake.place_of("2001:db8::ffff")) > 0
    assert stop.begin("", brake.place_of("2001:db8:0:1::1")) == 0
    assert stop.under_attack() == {}


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_the_place_of_a_try_is_its_network(address: str, place: str) -> None:
    assert brake.place_of(address) == place
