"""Who is ended where somebody's programs have passed their limit."""

from __future__ import annotations

from skrt_hub.hub.memory import ProcessMemory
from skrt_hub.targets.machine.watch import _killed_words, _words, can_be_ended, victims

MB = 1 << 20
NOTEBOOK, LARGE = ProcessMemory(10, "python", 300 * MB), ProcessMemory(11, "python", 3000 * MB)


def task(pid: int, size: int) -> ProcessMemory:
    return ProcessMemory(pid, "python", size * MB)


def test_the_largest_is_ended_and_no_other() -> None:
    assert victims(100 * MB, [NOTEBOOK, LARGE], [], {}) == [LARGE]


def test_tasks_of_a_cohort_go_first_and_as_many_as_it_takes() -> None:
    tasks = [task(20, 100), task(21, 400), task(22, 50)]
    assert victims(300 * MB, [NOTEBOOK, LARGE, *tasks], tasks, {}) == [tasks[1]]
    assert victims(450 * MB, [NOTEBOOK, LARGE, *tasks], tasks, {}) == [tasks[1], tasks[0]]


def test_small_programs_that_say_they_go_first_do_not_stand_in_for_a_large_one() -> None:
    """Whoever starts one such program each second would keep any amount of memory."""
    decoys = [task(20, 25), task(21, 25)]
    assert victims(2000 * MB, [NOTEBOOK, LARGE, *decoys], decoys, {}) == [*decoys, LARGE]


def test_what_lies_in_sockets_counts_for_who_has_them() -> None:
    assert victims(100 * MB, [NOTEBOOK, LARGE], [], {10: 20_000}) == [NOTEBOOK]


def test_where_only_tasks_are_left_there_is_an_end() -> None:
    tasks = [task(20, 25)]
    assert victims(2000 * MB, tasks, tasks, {}) == tasks


def test_the_server_stays_unless_nothing_else_would_help() -> None:
    """Its owner can have it hold any amount, and start small programs for the watch to end each second."""
    warden, server = ProcessMemory(1, "python", 20 * MB), ProcessMemory(2, "jupyter", 5000 * MB)
    measured = [warden, server, NOTEBOOK]
    assert can_be_ended(100 * MB, measured, 1, [2]) == [NOTEBOOK]
    assert victims(4000 * MB, can_be_ended(4000 * MB, measured, 1, [2]), [], {}) == [server]
    assert can_be_ended(100 * MB, [warden], 1, []) == [warden]


def test_the_notice_says_what_was_full() -> None:
    """Where files in memory had filled it, no smaller image would help: the next kernel would be ended again."""
    limit = 1000 * MB
    for words in (_words(NOTEBOOK, limit, 600 * MB), _killed_words(limit, 600 * MB)):
        assert "files in /tmp and /dev/shm" in words
        assert "remove those that you do not need" in words
    for words in (_words(NOTEBOOK, limit, 10 * MB), _killed_words(limit, 10 * MB)):
        assert "/tmp" not in words
        assert "Work on smaller images" in words
