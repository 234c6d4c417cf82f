"""Packing a library's relocations: in memory it is as before, whatever the loader is."""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
from pathlib import Path

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st
from zmq.sugar.version import zmq_version

from skrt_hub.targets.kubernetes.image import relocations
from skrt_hub.targets.kubernetes.image.relocations import Library, NotAsExpectedError, packed, relr

RELA, RELASZ, RELR, RELRSZ, RELATIVE = 7, 8, 36, 35, 8
LOAD, DYNAMIC, STACK = 1, 2, 0x6474E551


def unpacked(words: bytes) -> list[int]:
    """The addresses that a loader finds in the format RELR, written after the ABI's own description."""
    found, where = [], 0
    for (word,) in struct.iter_unpack("<Q", words):
        if word & 1 == 0:
            found.append(word)
            where = word + 8
            continue
        found += [where + 8 * bit for bit in range(63) if word >> (bit + 1) & 1]
        where += 63 * 8
    return found


@given(st.sets(st.integers(0, 3000).map(lambda number: number * 8)))
def test_no_address_is_lost_or_added(places: set[int]) -> None:
    assert unpacked(relr(sorted(places))) == sorted(places)


def test_neighbours_take_one_bit_each() -> None:
    assert len(relr(list(range(0, 8 * 63 * 1000, 8)))) <= 8 * 1001


def in_memory(library: Library) -> bytearray:
    """What the library is in memory once it was loaded at address 0."""
    loads = [segment for segment in library.segments if segment.kind == LOAD]
    assert [segment.address for segment in loads] == sorted(segment.address for segment in loads)
    memory = bytearray(max(segment.address + segment.in_memory for segment in loads))
    for segment in loads:
        assert segment.offset % segment.align == segment.address % segment.align
        content = library.content[segment.offset : segment.offset + segment.in_file]
        assert len(content) == segment.in_file
        memory[segment.address : segment.address + segment.in_file] = content
    for place, kind, addend in struct.iter_unpack("<QQq", library.table(RELA, RELASZ)):
        if kind == RELATIVE:
            struct.pack_into("<q", memory, place, addend)
    return memory


def others(library: Library) -> list[tuple[int, int, int]]:
    records = struct.iter_unpack("<QQq", library.table(RELA, RELASZ))
    return [record for record in records if record[1] != RELATIVE]


@pytest.fixture(scope="module")
def real() -> bytes:
    """A library of some size that is here anyhow."""
    if platform.machine() != "x86_64" or sys.platform != "linux":
        pytest.skip("only Linux on x86-64 has such libraries")
    return library_of_messages().read_bytes()


def library_of_messages() -> Path:
    (path,) = (Path(zmq.__file__).parent.parent / "pyzmq.libs").glob("libzmq*.so*")
    return path


def test_a_packed_library_is_the_same_in_memory(real: bytes) -> None:
    before, after = Library(real), Library(packed(real))
    start, size = before.dynamic[RELA], before.dynamic[RELASZ]
    assert len(real) - len(after.content) > 0.8 * size - 8192
    was, now = in_memory(before), in_memory(after)
    first = next(segment for segment in before.segments if segment.kind == LOAD)
    assert first.holds(start)
    for memory, library in ((was, before), (now, after)):
        table = next(segment for segment in library.segments if segment.kind == DYNAMIC)
        for at, length in ((0, 64 + 56 * len(library.segments)), (table.address, table.in_file), (start, size)):
            memory[at : at + length] = bytes(length)
    assert was == now
    assert others(before) == others(after)
    moved = {place for place, kind, _ in struct.iter_unpack("<QQq", before.table(RELA, RELASZ)) if kind == RELATIVE}
    assert set(unpacked(after.table(RELR, RELRSZ))) == moved


def test_what_a_loader_needs_stays(real: bytes) -> None:
    before, after = Library(real), Library(packed(real))
    kinds = [segment.kind for segment in after.segments]
    assert STACK in kinds  # without it the stack would be executable
    assert relocations.VERSION in after.content
    changed = {RELA, RELASZ, RELR, RELRSZ, 5, 10, 37, relocations._RELACOUNT, relocations._VERNEED}
    assert {tag: value for tag, value in after.dynamic.items() if tag not in changed} == {
        tag: value for tag, value in before.dynamic.items() if tag not in changed
    }


def test_it_can_be_loaded_and_used(real: bytes, tmp_path: Path) -> None:
    if tuple(map(int, platform.libc_ver()[1].split("."))) < (2, 36):
        pytest.skip("this C library is older than the format")
    for other in library_of_messages().parent.iterdir():
        (tmp_path / other.name).symlink_to(other)
    (tmp_path / "packed.so").write_bytes(packed(real))
    loaded = ctypes.CDLL(str(tmp_path / "packed.so"))
    numbers = [ctypes.c_int() for _ in range(3)]
    loaded.zmq_version(*map(ctypes.byref, numbers))
    assert ".".join(str(number.value) for number in numbers) == zmq_version()
    loaded.zmq_strerror.restype = ctypes.c_char_p
    assert b"context" in loaded.zmq_strerror(156384765).lower()  # ETERM; the text is reached through a moved address


def test_a_file_of_another_kind_is_refused(real: bytes) -> None:
    for content in (b"", b"#!/bin/sh\n" * 100, real[:18] + b"\xb7\x00" + real[20:]):
        with pytest.raises(NotAsExpectedError):
            packed(content)
    with pytest.raises(NotAsExpectedError, match="packed already"):
        packed(packed(real))
