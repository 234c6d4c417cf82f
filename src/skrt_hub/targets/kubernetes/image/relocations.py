"""Packs the relocations of large libraries: 53 MB less for SimpleITK, which also loads faster.

A library is built for the address 0. Wherever it holds an address of its own, a record of 24 bytes tells the loader
to add the place where the library lies in the end. The format RELR says the same with one bit for each: see "Relative
relocations" in the System V ABI (gabi.xinuos.com). glibc reads it since 2.36; the image's Debian has 2.41.

Runs while the image is built, after slim.py: `python relocations.py <environment>`. A file that is not as expected is
left as it was.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

SMALLEST_GAIN = 5_000_000
"""Bytes. Below it a file is not worth a change: all others together have 5 MB of such records."""
VERSION = b"GLIBC_ABI_DT_RELR"
"""A glibc that reads RELR defines this; glibc takes only files that ask for it."""
_X86_64, _SHARED, _RELATIVE, _WORD = 62, 3, 8, 8
_LOAD, _DYNAMIC, _NOTE = 1, 2, 4
_STRTAB, _RELA, _RELASZ, _STRSZ, _RELRSZ, _RELR, _RELRENT = 5, 7, 8, 10, 35, 36, 37
_RELACOUNT, _VERNEED, _VERNEEDNUM = 0x6FFFFFF9, 0x6FFFFFFE, 0x6FFFFFFF


class NotAsExpectedError(Exception):
    """The file is not one that can be packed; the text says why."""


@dataclass(frozen=True)
class Segment:
    """A program header."""

    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    in_file: int
    in_memory: int
    align: int

    def holds(self, address: int) -> bool:
        """Whether the file has what is at this address."""
        return self.kind == _LOAD and self.address <= address < self.address + self.in_file


class Library:
    """A shared library in memory, as its program headers describe it."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)
        if content[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<HH", content, 16) != (_SHARED, _X86_64):
            raise NotAsExpectedError("no shared library for x86-64")
        self.headers_at = struct.unpack_from("<Q", content, 32)[0]
        self.segments = [
            Segment(*struct.unpack_from("<IIQQQQQQ", content, self.headers_at + 56 * number))
            for number in range(struct.unpack_from("<H", content, 56)[0])
        ]
        self.dynamic_at = next((segment for segment in self.segments if segment.kind == _DYNAMIC), None)
        if self.dynamic_at is None:
            raise NotAsExpectedError("not linked dynamically")
        self.dynamic: dict[int, int] = {}
        self.entries: list[tuple[int, int]] = []
        for at in range(self.dynamic_at.offset, self.dynamic_at.offset + self.dynamic_at.in_file, 16):
            tag, value = struct.unpack_from("<QQ", content, at)
            if tag == 0:
                break
            self.entries.append((tag, value))
        self.dynamic = dict(self.entries)

    def at(self, address: int) -> int:
        """Where in the file an address is."""
        for segment in self.segments:
            if segment.holds(address):
                return address - segment.address + segment.offset
        raise NotAsExpectedError(f"nothing in the file is at {address:#x}")

    def table(self, start: int, size: int) -> bytes:
        """The bytes of a table that the dynamic section names."""
        at = self.at(self.dynamic[start])
        return bytes(self.content[at : at + self.dynamic[size]])


def packed(content: bytes) -> bytes:
    """The same library with packed relocations, and without section headers, which loaders do not read.

    Raises NotAsExpectedError where that cannot be done.
    """
    library = Library(content)
    if _RELR in library.dynamic:
        raise NotAsExpectedError("it is packed already")
    if not {_RELA, _RELASZ, _RELACOUNT, _STRTAB, _STRSZ, _VERNEED, _VERNEEDNUM} <= library.dynamic.keys():
        raise NotAsExpectedError("tables are missing")
    places, others = _moved_addends(library)
    start, old_size = library.dynamic[_RELA], library.dynamic[_RELASZ]
    words = relr(places)
    names = library.table(_STRTAB, _STRSZ) + VERSION + b"\0"
    versions = _with_version(library, library.dynamic[_STRSZ])
    # All new tables lie where the long one was.
    put, where = bytearray(others), {_RELA: start, _RELASZ: len(others), _RELRENT: _WORD}
    for tag, size, table in ((_RELR, _RELRSZ, words), (_VERNEED, 0, versions), (_STRTAB, _STRSZ, names)):
        put += bytes(-len(put) % _WORD)
        where |= {tag: start + len(put)} | ({size: len(table)} if size else {})
        put += table
    if len(put) > old_size:
        raise NotAsExpectedError("there is no room for the new tables")
    at = library.at(start)
    library.content[at : at + len(put)] = put
    _write_dynamic(library, where)
    return _without(library, start + len(put), start + old_size)


def _moved_addends(library: Library) -> tuple[list[int], bytes]:
    """Write what each relative relocation adds to where it is added; returns those places, and all other records."""
    places, others = [], bytearray()
    for record in struct.iter_unpack("<QQq", library.table(_RELA, _RELASZ)):
        place, kind, addend = record
        if kind == _RELATIVE and place % _WORD == 0 and any(segment.holds(place) for segment in library.segments):
            struct.pack_into("<q", library.content, library.at(place), addend)
            places.append(place)
        else:
            others += struct.pack("<QQq", *record)
    return sorted(set(places)), bytes(others)


def relr(places: list[int]) -> bytes:
    """Sorted addresses in the format RELR: an even word is an address, an odd one has a bit for each of the next 63."""
    words, number = [], 0
    while number < len(places):
        base = places[number]
        words.append(base)
        base, number = base + _WORD, number + 1
        while True:
            bits = 0
            while number < len(places) and places[number] - base < 63 * _WORD:
                bits |= 2 << ((places[number] - base) // _WORD)
                number += 1
            if not bits:
                break
            words.append(bits | 1)
            base += 63 * _WORD
    return struct.pack(f"<{len(words)}Q", *words)


def _with_version(library: Library, name: int) -> bytes:
    """The versions that the library needs, and `VERSION` of libc, whose name is at `name` in the table of names."""
    start = at = library.at(library.dynamic[_VERNEED])
    end, highest, libc = start, 1, None
    names = library.at(library.dynamic[_STRTAB])
    for _ in range(library.dynamic[_VERNEEDNUM]):
        _, count, file, first, following = struct.unpack_from("<HHIII", library.content, at)
        here = at + first
        for _ in range(count):
            _, _, index, _, after = struct.unpack_from("<IHHII", library.content, here)
            highest, end, last = max(highest, index & 0x7FFF), max(end, here + 16), here
            here += after
        if library.content[names + file :].startswith(b"libc.so.6\0"):
            libc = (at - start, last - start, count)
        at += following
    if libc is None:
        raise NotAsExpectedError("it does not ask for versions of libc")
    table = bytearray(library.content[start:end])
    entry, last, count = libc
    struct.pack_into("<H", table, entry + 2, count + 1)
    struct.pack_into("<I", table, last + 12, len(table) - last)
    return bytes(table + struct.pack("<IHHII", _hash(VERSION), 0, highest + 1, name, 0))


def _hash(name: bytes) -> int:
    """The hash of names of the System V ABI."""
    value = 0
    for letter in name:
        value = (value << 4) + letter
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high
    return value


def _write_dynamic(library: Library, where: dict[int, int]) -> None:
    # No relative records stand first any more; a loader that is not told their number looks at each.
    kept = [(tag, where.pop(tag, value)) for tag, value in library.entries if tag != _RELACOUNT]
    entries = kept + list(where.items())
    room = library.dynamic_at
    assert room is not None
    if (len(entries) + 1) * 16 > room.in_file:
        raise NotAsExpectedError("the dynamic section is full")
    for number, entry in enumerate([*entries, (0, 0)]):
        struct.pack_into("<QQ", library.content, room.offset + 16 * number, *entry)


def _without(library: Library, start: int, end: int) -> bytes:
    """The library without the whole pages between two addresses: its segment becomes two. No address changes."""
    number = next(number for number, segment in enumerate(library.segments) if segment.holds(start))
    whole = library.segments[number]
    start, end = start + -start % whole.align, end - end % whole.align
    less = end - start
    given_up = next((segment for segment in library.segments if segment.kind == _NOTE), None)
    if given_up is None or less <= 0:
        raise NotAsExpectedError("there is no room for another segment")
    cut = library.at(start)
    first = replace(whole, in_file=start - whole.address, in_memory=start - whole.address)
    rest = whole.address + whole.in_file - end
    second = replace(whole, offset=cut, address=end, physical=end, in_file=rest, in_memory=rest)
    segments: list[Segment] = []
    for segment in library.segments:
        if segment is whole:
            segments += [first, second]
        elif segment is not given_up:  # it names the build, for debuggers
            segments.append(replace(segment, offset=segment.offset - less) if segment.offset > cut else segment)
    content = library.content
    for place, segment in enumerate(segments):
        fields = (segment.kind, segment.flags, segment.offset, segment.address, segment.physical)
        sizes = (segment.in_file, segment.in_memory, segment.align)
        struct.pack_into("<IIQQQQQQ", content, library.headers_at + 56 * place, *fields, *sizes)
    struct.pack_into("<Q", content, 40, 0)  # no section headers
    struct.pack_into("<HH", content, 60, 0, 0)
    last = max(segment.offset + segment.in_file for segment in segments if segment.kind == _LOAD)
    return bytes(content[:cut] + content[cut + less :])[:last]


def main(environment: Path) -> int:
    """Pack what is worth it, and load each packed library once in the environment's Python."""
    for path in sorted(environment.glob("lib/python3.*/site-packages/**/*.so*")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size < SMALLEST_GAIN:
            continue
        content = path.read_bytes()
        try:
            made = packed(content)
        except NotAsExpectedError as error:
            print(f"{path.name} stays as it is: {error}", flush=True)
            continue
        if len(content) - len(made) < SMALLEST_GAIN:
            continue
        path.write_bytes(made)
        subprocess.run([environment / "bin" / "python", "-c", _LOAD_IT, path], check=True)
        print(f"{path.name}: {(len(content) - len(made)) / 1e6:.0f} MB less", flush=True)
    return 0


_LOAD_IT = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
