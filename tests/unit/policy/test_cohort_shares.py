"""Workers are handed out evenly, never more than there are, and nobody waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skrt_hub.policy.cohort_shares import FORGOTTEN, GIVEN_BACK, TURN, Asker, ask


class Runners:
    """People whose servers do what they are told: they keep what runs, and begin no more than they may."""

    def __init__(self, left: dict[str, int], workers: int, each: int) -> None:
        self.left, self.workers, self.each = dict(left), workers, each
        self.running = dict.fromkeys(left, 0)
        self.share = dict.fromkeys(left, 0)
        self.askers: dict[str, Asker] = {}
        self.now = 0.0

    def ask(self, name: str) -> None:
        self.askers, self.share[name] = ask(
            self.askers,
            name,
            running=self.running[name],
            waiting=self.left[name],
            now=self.now,
            workers=self.workers,
            each=self.each,
            began=0.0,
        )
        while self.left[name] and self.running[name] < self.share[name]:
            self.left[name] -= 1
            self.running[name] += 1

    def end_one(self, name: str) -> None:
        self.running[name] = max(0, self.running[name] - 1)
        while self.left[name] and self.running[name] < self.share[name]:
            self.left[name] -= 1
            self.running[name] += 1


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), max_size=200),
    st.integers(1, 6),
    st.integers(1, 4),
)
def test_never_more_than_there_are(steps: list[tuple[str, bool]], workers: int, each: int) -> None:
    people = Runners(dict.fromkeys("abcde", 50), workers, each)
    for name, ends in steps:
        people.now += 3
        for other in "abcde":  # servers ask every three seconds
            people.ask(other)
        if ends:
            people.end_one(name)
        assert sum(people.running.values()) <= workers
        assert all(running <= each for running in people.running.values())


def test_all_get_the_same_where_there_is_enough() -> None:
    people = Runners({"a": 10**6, "b": 10**6, "c": 10**6}, workers=6, each=4)
    for _ in range(400):
        people.now += 3
        for name in "abc":
            people.ask(name)
            people.end_one(name)
    assert people.share == {"a": 2, "b": 2, "c": 2}


def test_one_worker_goes_from_one_to_the_next_and_nobody_waits_for_ever() -> None:
    people = Runners({"a": 10**6, "b": 10**6, "c": 10**6}, workers=1, each=4)
    had = dict.fromkeys("abc", 0)
    longest = dict.fromkeys("abc", 0)
    waited = dict.fromkeys("abc", 0)
    for _ in range(4000):
        people.now += 3
        for name in "abc":
            people.ask(name)
            people.end_one(name)
        for name in "abc":
            had[name] += people.running[name]
            waited[name] = 0 if people.running[name] else waited[name] + 3
            longest[name] = max(longest[name], waited[name])
    assert max(had.values()) < 1.2 * min(had.values())
    assert max(longest.values()) <= 3 * TURN


def test_a_newcomer_does_not_make_up_for_the_time_before() -> None:
    people = Runners({"a": 10**6, "b": 10**6}, workers=1, each=1)
    for _ in range(10000):
        people.now += 3
        people.ask("a")
        people.end_one("a")
    had = 0
    for _ in range(400):
        people.now += 3
        for name in "ab":
            people.ask(name)
            people.end_one(name)
        had += people.running["b"]
    assert 0.3 * 400 < had < 0.7 * 400


def test_who_goes_and_comes_again_is_not_first_each_time() -> None:
    """Somebody whose server says, whenever a turn is about to end, that there is nothing to do, and begins anew."""
    people = Runners({"aaa": 500, "bea": 500}, workers=1, each=1)
    had = dict.fromkeys(people.left, 0)
    for second in range(0, 3600, 3):
        people.now = float(second)
        if second % 99 == 0:
            people.running["aaa"], left, people.left["aaa"] = 0, people.left["aaa"], 0
            people.ask("aaa")
            people.left["aaa"] = left
        for name in ("aaa", "bea"):
            people.ask(name)
            had[name] += people.running[name]
            if second % 30 == 0:
                people.end_one(name)
    assert had["bea"] > 0.3 * sum(had.values())


def test_whoever_is_silent_is_gone() -> None:
    askers, granted = ask({}, "a", running=0, waiting=9, now=0, workers=2, each=2, began=0)
    assert granted == 2
    askers, granted = ask(askers, "b", running=0, waiting=9, now=1, workers=2, each=2, began=0)
    assert granted == 0
    askers, granted = ask(askers, "b", running=0, waiting=9, now=1 + FORGOTTEN, workers=2, each=2, began=0)
    assert granted == 2
    assert {name for name, asker in askers.items() if asker.wanted} == {"b"}


def test_a_lie_is_worth_no_more_than_one_person_may_have() -> None:
    askers, granted = ask({}, "liar", running=10**6, waiting=10**6, now=0, workers=8, each=2, began=0)
    assert granted == 2
    askers, granted = ask(askers, "honest", running=0, waiting=5, now=1, workers=8, each=2, began=0)
    assert granted == 2


def test_who_was_given_nothing_holds_nothing() -> None:
    """Whoever says that the only worker is at work for them keeps it from nobody."""
    askers, granted = ask({}, "honest", running=0, waiting=5, now=100, workers=1, each=2, began=0)
    assert granted == 1
    askers, granted = ask(askers, "liar", running=2, waiting=5, now=101, workers=1, each=2, began=0)
    assert granted == 0
    askers, granted = ask(askers, "honest", running=1, waiting=4, now=102, workers=1, each=2, began=0)
    assert granted == 1


def test_what_ran_before_the_hub_began_is_believed() -> None:
    askers, _ = ask({}, "before", running=2, waiting=5, now=1, workers=2, each=2, began=0)
    _, granted = ask(askers, "other", running=0, waiting=5, now=2, workers=2, each=2, began=0)
    assert granted == 0


def test_a_worker_that_is_never_given_back_counts_as_free_after_an_hour() -> None:
    askers, granted = ask({}, "keeper", running=0, waiting=9, now=100, workers=2, each=2, began=0)
    assert granted == 2
    others, now, had = [], 100.0, 0.0
    while now < 100 + GIVEN_BACK + 60:
        now += 3
        askers, _ = ask(askers, "keeper", running=2, waiting=9, now=now, workers=2, each=2, began=0)
        askers, had = ask(askers, "other", running=0, waiting=9, now=now, workers=2, each=2, began=0)
        others.append(had)
    assert others[0] == 0
    assert others[int(GIVEN_BACK / 3) - 10] == 0
    assert others[-1] == 1


def test_whoever_has_nothing_to_do_has_no_share() -> None:
    askers, granted = ask({}, "a", running=0, waiting=5, now=0, workers=1, each=2, began=0)
    askers, granted = ask(askers, "a", running=0, waiting=0, now=3, workers=1, each=2, began=0)
    assert (askers["a"].wanted, granted) == (0, 0)


def test_without_a_bound_everybody_has_their_own() -> None:
    askers: dict[str, Asker] = {}
    for name in "abcdef":
        askers, granted = ask(askers, name, running=0, waiting=9, now=0, workers=0, each=3, began=0)
        assert granted == 3
