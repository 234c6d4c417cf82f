"""What counts to a participant's memory limit."""

from __future__ import annotations

from skrt_hub.hub.memory import ProcessMemory, kept

MB = 1 << 20


def forked(pid: int, own: int) -> ProcessMemory:
    """A process from the fork server where the system tells its resident set only: 200 MB of it are the zygote's."""
    return ProcessMemory(pid, "python", (200 + own) * MB, copied=(200 + own) * MB)


def test_pages_of_the_fork_server_are_nobodys_where_only_resident_sets_are_known() -> None:
    warden, server, kernel = forked(1, 0), forked(2, 10), forked(3, 300)
    assert kept([], [warden, server, kernel]) == 310 * MB


def test_many_forked_processes_are_no_way_around_the_limit() -> None:
    family = [forked(1, 0), *(forked(pid, 0) for pid in range(2, 12))]
    assert kept([], family) == 8 * 200 * MB


def test_a_plain_start_and_proportional_sizes_count_whole() -> None:
    first = ProcessMemory(1, "python", 12 * MB, copied=5 * MB)
    assert kept([], [first, ProcessMemory(2, "python", 300 * MB, copied=250 * MB)]) == (312 - 2 * 5) * MB
    assert kept([], [ProcessMemory(1, "python", 20 * MB), ProcessMemory(2, "python", 70 * MB)]) == 90 * MB
