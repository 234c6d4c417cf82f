"""Fills the free places between preloaded objects, so that children put new ones on pages of their own.

Importing leaves thousands of pages with a free place here and there. A child would use these places first, and each
use copies a page that all children share: 50 MB for each participant, of which 11 MB were new. What is put into the
places is never used, is shared by all, and is never given back.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

# One line of the table that sys._debugmallocstats writes: class, size, pools, blocks in use, free blocks.
_LINE = re.compile(rb"^ *\d+ +(\d+) +\d+ +\d+ +(\d+) *$", re.MULTILINE)
_BYTES_HEADER = sys.getsizeof(b"")
# From large to small: the large places first, so that the small ones are not cut out of them.
_SIZES = (65536, 32768, 16384, 8192, 4096, 2048, 1024, 768, 640, 512, 448, 384, 320, 256, 208, 160, 128, 96, 64, 40, 24)
_MOST = 400_000  # places of the C library's heap; a limit for a heap of another kind

_filling: list[Any] = []


def fill() -> None:
    """Fill the places of Python's small objects, and those of the C library's heap. Call it last before the fork."""
    _fill_heap()
    _filling.append([_small_object(size) for size, free in _free_blocks() for _ in range(free)])


def _free_blocks() -> list[tuple[int, int]]:
    """The sizes of Python's small blocks (Objects/obmalloc.c), and how many are free in pools that are in use."""
    with tempfile.TemporaryFile() as table:
        stderr = os.dup(2)
        try:
            os.dup2(table.fileno(), 2)
            getattr(sys, "_debugmallocstats", int)()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        table.seek(0)
        return [(int(size), int(free)) for size, free in _LINE.findall(table.read())]


def _small_object(size: int) -> object:
    """Something that takes one block of this size."""
    if size < 32:
        return object()
    if size < _BYTES_HEADER:
        return float(size)
    return bytes(size - _BYTES_HEADER)


def _fill_heap() -> None:
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):  # not the GNU C library, whose heap this is about
        return
    library.malloc.restype = ctypes.c_void_p
    library.malloc.argtypes = [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    library.sbrk.restype = ctypes.c_void_p
    library.malloc_trim(0)  # whole free pages first go back to the machine: a place in them costs nothing then
    end = int(library.sbrk(0))
    left = _MOST
    for size in _SIZES:
        for address in _places(library, size, end):
            left -= 1
            if left == 0:
                library.free(address)
                return


def _places(library: Any, size: int, end: int) -> Iterator[int]:
    """Take places of this size below `end` until there are no more."""
    while True:
        address = library.malloc(size)
        if address is None or address + size > end:
            library.free(address)
            return
        yield address
