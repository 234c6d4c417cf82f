"""Keeps the pages of preloaded objects shared: their reference counts are made immortal, which no use changes.

CPython 3.12 and newer never change the count of an immortal object (PEP 683). What is here when the zygote is ready
stays for the life of every child anyway. Other Pythons are left as they are: they only share less.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import sysconfig
from collections.abc import Iterator
from types import CodeType, FrameType, GeneratorType
from typing import Any

# The count that Py_INCREF leaves alone, as the header of each version defines it (Include/object.h, refcount.h).
_COUNTS = {(3, 12): 0xFFFFFFFF, (3, 13): 0xFFFFFFFF, (3, 14): 3 << 30}
_SHORT_LIVED = (FrameType, GeneratorType)


def is_possible() -> bool:
    """Whether this Python has immortal objects of the layout that is known here."""
    plain_build = not sysconfig.get_config_var("Py_GIL_DISABLED") and not hasattr(sys, "gettotalrefcount")
    return sys.version_info[:2] in _COUNTS and plain_build and sys.byteorder == "little" and sys.maxsize > 2**32


def make_immortal() -> int:
    """Make all that can be reached immortal; returns how many objects. Call it after a collection, before a fork."""
    if not is_possible():
        return 0
    count = _COUNTS[sys.version_info[:2]]
    at = ctypes.c_uint32.from_address
    done: set[int] = set()
    waiting: list[Any] = [thing for thing in gc.get_objects() if not isinstance(thing, _SHORT_LIVED)]
    spared = {id(waiting), id(done)}
    while waiting:
        thing = waiting.pop()
        address = id(thing)
        if address in done or address in spared or isinstance(thing, _SHORT_LIVED):
            continue
        done.add(address)
        if type(thing) is str:
            hash(thing)  # kept in the text itself, which a child that is the first to ask would copy
        waiting.extend(_parts(thing))
    for address in done:
        at(address).value = count
    return len(done)


def _parts(thing: Any) -> Iterator[Any]:
    yield from gc.get_referents(thing)
    if isinstance(thing, CodeType):  # has no traversal of its own
        yield from (thing.co_consts, thing.co_names, thing.co_filename, thing.co_name, thing.co_qualname)
        yield from (thing.co_linetable, thing.co_exceptiontable)
