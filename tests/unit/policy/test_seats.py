"""Which servers are started before their people come: the rule, as data."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from skrt_hub.policy import seats
from skrt_hub.policy.seats import Facts, Order, Seat, Server, State, Step, decide

VIENNA = ZoneInfo("Europe/Vienna")
EIGHT_45 = datetime(2026, 10, 5, 8, 45, tzinfo=VIENNA).timestamp()  # a Monday
ORDER = Order((("Mon", "08:45"),), "Europe/Vienna", 1800.0)
PEOPLE = ("alice", "bob", "carol")


def facts(now: float, **others: object) -> Facts:
    return replace(Facts(now, PEOPLE, {}), **others)  # type: ignore[arg-type]


def after(*looks: Facts, order: Order = ORDER, state: State | None = None) -> Step:
    step = Step(state or State())
    for look in looks:
        step = decide(order, step.state, look)
    return step


def test_nothing_is_started_far_from_the_time() -> None:
    assert decide(ORDER, State(), facts(EIGHT_45 - 3600)).start == ()
    assert decide(ORDER, State(), facts(EIGHT_45 + 1800)).start == ()
    assert decide(ORDER, State(), facts(EIGHT_45 - 86400)).start == ()


def test_the_first_is_started_early_enough_for_the_last_to_be_ready() -> None:
    lead = ORDER.lead(len(PEOPLE))

    assert decide(ORDER, State(), facts(EIGHT_45 - lead - 1)).start == ()
    assert decide(ORDER, State(), facts(EIGHT_45 - lead)).start == ("alice",)
    assert ORDER.lead(60) > ORDER.lead(30)


def test_one_after_the_other_with_pauses() -> None:
    now = EIGHT_45 - 50
    first = after(facts(now))
    busy = decide(ORDER, first.state, facts(now + 2, servers={"alice": Server(ready=False)}))
    ready = decide(ORDER, busy.state, facts(now + 4, servers={"alice": Server(ready=True)}))
    later = decide(ORDER, ready.state, facts(now + 9, servers={"alice": Server(ready=True)}))

    assert (busy.start, ready.start, later.start) == ((), (), ("bob",))
    assert later.left == 1


def test_nobody_gets_two_and_who_is_there_keeps_their_own() -> None:
    mine = {"alice": Server(ready=True), "bob": Server(ready=True)}
    step = after(facts(EIGHT_45, servers=mine))
    assert step.start == ("carol",)

    gone = State(EIGHT_45, {"alice": Seat(seats.LET_GO, 0), "bob": Seat(seats.GONE, 0), "carol": Seat(seats.FAILED, 0)})
    assert decide(ORDER, gone, facts(EIGHT_45 + 60)).start == ()


def test_nothing_while_closed_and_nobody_is_late_then() -> None:
    assert decide(ORDER, State(), facts(EIGHT_45, closed=True)).start == ()

    there = {"alice": Server(ready=True, active=EIGHT_45 - 60)}
    state = State(EIGHT_45, {"alice": Seat(seats.READY, EIGHT_45 - 60)})
    closed = decide(ORDER, state, facts(EIGHT_45 + 3000, servers=there, closed=True))
    opened = decide(ORDER, closed.state, facts(EIGHT_45 + 3060, servers=there))

    assert (closed.end, opened.end) == ((), ())


def test_within_the_room_that_there_is() -> None:
    at_once = replace(ORDER, at_once=3)

    assert decide(at_once, State(), facts(EIGHT_45)).start == PEOPLE
    found = decide(at_once, State(), facts(EIGHT_45, room=1))
    assert (found.start, found.left, found.full) == (("alice",), 2, False)
    full = decide(at_once, State(), facts(EIGHT_45, room=0))
    assert (full.start, full.left, full.full) == ((), 3, True)
    # A start that is under way has not taken its memory yet.
    busy = State(EIGHT_45, {"alice": Seat(seats.STARTING, EIGHT_45)})
    assert decide(at_once, busy, facts(EIGHT_45 + 1, room=1)).start == ()


def test_one_that_nobody_took_ends_and_one_that_is_used_stays() -> None:
    state = State(EIGHT_45, {name: Seat(seats.READY, EIGHT_45 - 30) for name in PEOPLE})
    servers = {
        "alice": Server(ready=True, active=EIGHT_45 - 28),  # what a server does by itself
        "bob": Server(ready=True, active=EIGHT_45 + 300),
    }
    early = decide(ORDER, state, facts(EIGHT_45 + 1799, servers=servers))
    late = decide(ORDER, early.state, facts(EIGHT_45 + 1800, servers=servers))

    assert (early.end, late.end) == ((), ("alice",))
    assert {name: seat.state for name, seat in late.state.seats.items()} == {
        "alice": seats.LET_GO,
        "bob": seats.CAME,
        "carol": seats.GONE,
    }


def test_a_start_that_leaves_no_server_has_failed() -> None:
    step = after(facts(EIGHT_45), facts(EIGHT_45 + 60))

    assert step.state.seats["alice"].state == seats.FAILED
    assert step.start == ("bob",)


def test_the_command_begins_at_once_for_all_who_have_none() -> None:
    now = EIGHT_45 + 86400
    assert decide(ORDER, State(), facts(now, asked=now)).start == ("alice",)
    assert decide(Order(), State(), facts(now, asked=now)).start == ("alice",)
    assert decide(ORDER, State(), facts(now, asked=now - 1800)).start == ()


def test_a_server_that_still_waits_is_good_for_the_next_occasion() -> None:
    state = State(EIGHT_45, {"alice": Seat(seats.READY, EIGHT_45), "bob": Seat(seats.CAME, EIGHT_45)})
    asked = facts(EIGHT_45 + 600, asked=EIGHT_45 + 600, servers={"alice": Server(ready=True)})
    step = decide(ORDER, state, asked)

    assert step.state.seats["alice"].state == seats.READY
    assert step.start == ("bob",)


@pytest.mark.parametrize(("day", "month", "hours"), [(29, 3, 6.75), (25, 10, 7.75)])
def test_a_time_is_that_of_the_zone_also_when_clocks_change(day: int, month: int, hours: float) -> None:
    sunday = Order((("Sun", "08:45"),), "Europe/Vienna")
    noon_before = datetime(2026, month, day, tzinfo=VIENNA).timestamp() - 43200
    found = seats.following(sunday, noon_before)

    utc = datetime(2026, month, day, tzinfo=ZoneInfo("UTC")).timestamp()
    assert found == utc + hours * 3600


def test_a_date_is_one_occasion() -> None:
    once = Order((("2026-10-05", "08:45"),), "Europe/Vienna")

    assert seats.following(once, EIGHT_45 - 30 * 86400) == EIGHT_45
    assert seats.following(once, EIGHT_45) is None
    assert seats.in_words(EIGHT_45, "Europe/Vienna") == "Mon 2026-10-05 08:45 (Europe/Vienna)"


def test_what_is_written_is_read_again() -> None:
    step = after(facts(EIGHT_45))
    document = seats.as_document(ORDER, step, facts(EIGHT_45))

    assert seats.from_document(document) == step.state
    assert seats.is_starting(document, "alice")
    assert not seats.is_starting(document, "bob")
    assert seats.from_document({"seats": 3}) == seats.from_document(None) == State()
    assert not seats.is_starting(None, "alice")
