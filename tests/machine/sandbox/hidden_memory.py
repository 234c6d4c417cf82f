"""Fills memory where no watch of pages sees it: run with the kind, the bytes wanted, and the seconds to hold them.

Prints how many bytes it got, and the error that ended it or 0.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_BIG = 2**21
_C = ctypes.CDLL(None, use_errno=True)
kept: list[object] = []


def datagrams() -> Iterator[int]:
    """Sockets with as large a buffer as can be had, full of what they sent themselves."""
    while True:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
        kept.append(one)
        for _ in range(200):
            one.sendto(bytes(60000), one.getsockname())
        yield one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def streams() -> Iterator[int]:
    """Connections to oneself that nobody reads."""
    door = socket.create_server(("127.0.0.1", 0))
    while True:
        one = socket.create_connection(door.getsockname())
        one.setblocking(False)
        kept.append((one, door.accept()))
        quiet = 0
        while quiet < 3:
            try:
                yield one.send(bytes(2**18))
                quiet = 0
            except BlockingIOError:
                quiet += 1
                time.sleep(0.01)


def semaphores() -> Iterator[int]:
    """Sets of semaphores, which belong to no process."""
    while True:
        if _C.semget(0, 30000, 0o1600) < 0:
            raise OSError(ctypes.get_errno(), "semget")
        yield 30000 * 64


def tables() -> Iterator[int]:
    """Pages that are only looked at: each keeps a page of the kernel's tables, and is none of one's own."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000
    room = mmap.mmap(-1, 2**40, flags=flags, prot=mmap.PROT_READ)
    had = _in_tables()
    for place in range(0, 2**40, _BIG):
        _ = room[place]
        if place % (1000 * _BIG) == 0:
            now = _in_tables()
            yield now - had
            had = now
    raise OSError(errno.ENOMEM, "the kernel keeps no table for such a page")


def _in_tables() -> int:
    """What the kernel says that it keeps to find this process's pages (proc_pid_status(5))."""
    told = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in told if line.startswith("VmPTE"))


class _Piece(ctypes.Structure):
    _fields_ = (("at", ctypes.c_void_p), ("size", ctypes.c_size_t))


def pinned() -> Iterator[int]:
    """Large pages that were let go, a piece of each of which a pipe has."""
    _C.mmap.restype = ctypes.c_void_p
    _C.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    _C.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    _C.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    while True:
        pipe = os.pipe()
        for _ in range(15):
            at = _C.mmap(None, 2 * _BIG, 3, 0x22, -1, 0)
            page = (at + _BIG - 1) // _BIG * _BIG
            _C.madvise(page, _BIG, 14)
            ctypes.memset(page, 1, _BIG)
            if _C.vmsplice(pipe[1], ctypes.byref(_Piece(page, 4096)), 1, 0) < 0:
                raise OSError(ctypes.get_errno(), "vmsplice")
            _C.munmap(at, 2 * _BIG)
            yield _BIG


KINDS: dict[str, Callable[[], Iterator[int]]] = {
    each.__name__: each for each in (datagrams, streams, semaphores, tables, pinned)
}

if __name__ == "__main__":
    kind, wanted, hold = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    done = error = 0
    try:
        for size in KINDS[kind]():
            done += size
            if done >= wanted:
                break
    except OSError as failed:
        error = failed.errno or -1
    if kind == "tables" and not error:  # some kernels take them back within a second or two
        time.sleep(3)
        done = _in_tables()
        error = errno.ENOMEM if done < wanted else 0
    print(done, error, flush=True)
    time.sleep(hold if not error else 0)
