"""How a forked process looks from outside: its arguments, variables and name in /proc are its own, not the zygote's.

The kernel is told of new memory for both with PR_SET_MM_MAP (prctl(2)); where that is not allowed the old memory is
overwritten, as setproctitle does.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from skrt_workspace.sandbox import kernel

_PR_SET_NAME = 15
_PR_SET_MM_MAP = 14
_NO_FILE = 0xFFFFFFFF
# Positions in /proc/self/stat, counted from the state letter (proc_pid_stat(5), fields 26 to 28 and 45 to 51).
_START_CODE, _START_DATA, _ARG_START, _ENV_START = 23, 42, 45, 47

_kept: list[mmap.mmap] = []


def show(arguments: Sequence[str], variables: Mapping[str, str]) -> None:
    """Make /proc/self/cmdline and /proc/self/environ show these, and the name of the process fit."""
    shown = b"".join(argument.encode(errors="surrogateescape") + b"\0" for argument in arguments)
    given = b"".join(f"{name}={value}\0".encode(errors="surrogateescape") for name, value in variables.items())
    try:
        _point_to(shown, given)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EINVAL, errno.ENOSYS):
            raise
        _overwrite(shown, given)
    name = ctypes.create_string_buffer(Path(arguments[0]).name.encode()[:15])
    kernel.process_control(_PR_SET_NAME, ctypes.addressof(name))


def _stat() -> list[int]:
    text = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
    return [0, *(int(word) for word in text[text.rindex(")") + 2 :].split()[1:])]


def _point_to(shown: bytes, given: bytes) -> None:
    # Private: the kernel shows arguments from anonymous memory only, never from memory that is shared.
    memory = mmap.mmap(-1, max(1, len(shown) + len(given)), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.write(shown + given)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    stat = _stat()
    library = ctypes.CDLL(None)
    library.sbrk.restype = ctypes.c_void_p
    brk = int(library.sbrk(0))
    code, end_code, stack = stat[_START_CODE : _START_CODE + 3]
    data, end_data, heap = stat[_START_DATA : _START_DATA + 3]
    middle = start + len(shown)
    addresses = (code, end_code, data, end_data, heap, brk, stack, start, middle, middle, middle + len(given))
    table = ctypes.create_string_buffer(struct.pack("=12Q2I", *addresses, 0, 0, _NO_FILE))
    kernel.process_control(kernel.PR_SET_MM, _PR_SET_MM_MAP, ctypes.addressof(table), len(table) - 1)
    _kept.append(memory)  # the kernel reads from it for as long as the process lives


def _overwrite(shown: bytes, given: bytes) -> None:
    stat = _stat()
    for (start, end), text in zip(
        ((stat[_ARG_START], stat[_ARG_START + 1]), (stat[_ENV_START], stat[_ENV_START + 1])),
        (shown, given),
        strict=True,
    ):
        if end > start:
            ctypes.memmove(start, text[: end - start].ljust(end - start, b"\0"), end - start)
