"""A process is known by more than its number: one that has ended, or another boot's, is never taken for it."""

import os
import signal
from dataclasses import replace

import pytest

from skrt_workspace.sandbox.identity import identify, is_alive, send_signal, wait_ended


def test_own_process_is_alive_and_gets_signals() -> None:
    me = identify(os.getpid())
    assert is_alive(me)
    got: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: got.append(number))
    try:
        assert send_signal(me, signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert got == [signal.SIGUSR1]


@pytest.mark.parametrize("change", [{"start_time": 1}, {"boot_id": "another"}, {"pid": 0}, {"pid": -1}])
def test_a_stranger_with_the_same_number_is_left_alone(change: dict[str, object]) -> None:
    stranger = replace(identify(os.getpid()), **change)  # type: ignore[arg-type]
    assert not is_alive(stranger)
    assert not send_signal(stranger, signal.SIGKILL)
    assert wait_ended(stranger, 0)


def test_no_process_has_no_identity() -> None:
    with pytest.raises(ProcessLookupError):
        identify(2**22 + 1)


def test_waiting_for_a_living_process_ends_in_time() -> None:
    assert not wait_ended(identify(os.getpid()), 0.01)
