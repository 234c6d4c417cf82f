"""Which process is meant: it is named by pid, start time and boot, so that a number used again is never mistaken.

A pid alone may belong to a stranger after a restart or a reboot. Signals go through a pidfd (pidfd_open(2)): between
the check and the signal the process cannot be replaced.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# The same numbers on x86_64 and aarch64. Portable builds of Python leave out os.pidfd_open: the kernel is asked itself.
_SYS_PIDFD_SEND_SIGNAL = 424
_SYS_PIDFD_OPEN = 434


@dataclass(frozen=True)
class ProcessIdentity:
    """A process of this machine: pid, start time in clock ticks since boot (proc_pid_stat(5), field 22), and boot."""

    pid: int
    start_time: int
    boot_id: str

    def as_dict(self) -> dict[str, int | str]:
        """The identity as JSON-ready data."""
        return asdict(self)


@cache
def boot_id() -> str:
    """The identifier of this boot of the machine."""
    return _BOOT_ID.read_text(encoding="ascii").strip()


def _state_and_start(pid: int) -> tuple[str, int] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name stands in parentheses and may itself contain anything: count from the last one.
    fields = text[text.rindex(")") + 2 :].split()
    return fields[0], int(fields[19])


def identify(pid: int) -> ProcessIdentity:
    """The identity of a running process. Raises ProcessLookupError when there is none with this pid."""
    found = _state_and_start(pid)
    if found is None:
        raise ProcessLookupError(pid)
    return ProcessIdentity(pid, found[1], boot_id())


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether exactly this process still runs; one that has ended and waits to be reaped does not."""
    if identity.pid <= 0 or identity.boot_id != boot_id():
        return False
    found = _state_and_start(identity.pid)
    return found is not None and found[1] == identity.start_time and found[0] not in "ZX"


def send_signal(identity: ProcessIdentity, number: signal.Signals | int) -> bool:
    """Send a signal to exactly this process; False when it is not there any more.

    Raises PermissionError when it belongs to somebody else.
    """
    descriptor = open_pidfd(identity)
    if descriptor is None:
        return False
    try:
        _system_call(_SYS_PIDFD_SEND_SIGNAL, descriptor, int(number), 0, 0)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def wait_ended(identity: ProcessIdentity, seconds: float) -> bool:
    """Wait until the process has ended, at most so long; whether it has. It need not be a child."""
    descriptor = open_pidfd(identity)
    if descriptor is None:
        return True
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return bool(poller.poll(max(0.0, seconds) * 1000))
    finally:
        os.close(descriptor)


def open_pidfd(identity: ProcessIdentity) -> int | None:
    """A descriptor of exactly this process, readable once it has ended (pidfd_open(2)); None when it has."""
    if not is_alive(identity):
        return None
    try:
        descriptor = _system_call(_SYS_PIDFD_OPEN, identity.pid, 0)
    except ProcessLookupError:
        return None
    if not is_alive(identity):  # the pid was used again between the two
        os.close(descriptor)
        return None
    return descriptor


def _system_call(number: int, *arguments: int) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    result = int(library.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments)))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
