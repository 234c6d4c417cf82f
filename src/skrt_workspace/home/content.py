"""What is in a file, piece by piece, without reading the holes in it (lseek(2), SEEK_DATA).

A file of terabytes that has nothing in it costs nothing: where a whole piece is empty it comes as `Empty`, whether the
file system has a hole there or zeros. The digest is the plain SHA-256 of the content for every file without such a
piece. For others it is `runs:` and the SHA-256 of what is there and of where it is.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from skrt_workspace import system

PIECE = 4 * 1024 * 1024
RUNS = "runs:"
_NOTHING = bytes(PIECE)
_LARGEST_WHOLE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Empty:
    """So many whole pieces in a row that hold only zeros."""

    pieces: int


Part = bytes | Empty


def parts(handle: int, size: int) -> Iterator[Part]:
    """The first `size` bytes in pieces of PIECE bytes, the last one shorter; one empty piece for an empty file.

    A file that is cut meanwhile ends earlier; one that grows is not followed: its owner could hold a reader for ever.
    """
    if size == 0:
        yield b""
        return
    position = 0
    while position < size:
        # A file of one piece is simply read: asking where its data is would cost as much.
        data = min(_next_data(handle, position), size) if size > PIECE else position
        if (count := (data - position) // PIECE) > 0:
            yield Empty(count)
            position += count * PIECE
            continue
        piece = read_at(handle, min(PIECE, size - position), position)
        if not piece:
            return
        position += len(piece)
        yield Empty(1) if piece == _NOTHING and size > PIECE else piece
        if len(piece) < PIECE:
            return


def read_at(handle: int, size: int, position: int) -> bytes:
    """`size` bytes from `position` on, fewer only at the end: pieces must not depend on how much one read(2) gives."""
    data = system.read_at(handle, size, position)
    if len(data) == size or not data:
        return data
    found = [data]
    missing = size - len(data)
    while missing and (more := system.read_at(handle, missing, position + size - missing)):
        found.append(more)
        missing -= len(more)
    return b"".join(found)


class Digest:
    """The digest of a content that comes in parts. `plain`: of one that was saved before there were runs."""

    def __init__(self, *, plain: bool = False) -> None:
        self._state = hashlib.sha256()
        self._plain = plain
        self._runs: list[int] = [0]  # pieces that are there and pieces that are empty, in turn

    def update(self, part: Part) -> None:
        """Take the next part."""
        if isinstance(part, bytes):
            self._state.update(part)
            self._count(1, empty=False)
        elif self._plain:
            for _ in range(part.pieces):
                self._state.update(_NOTHING)
        else:
            self._count(part.pieces, empty=True)

    def text(self) -> str:
        """The digest of all that came."""
        if len(self._runs) == 1 or self._plain:
            return self._state.hexdigest()
        where = ",".join(map(str, self._runs)).encode("ascii")
        return RUNS + hashlib.sha256(where + b"\n" + self._state.digest()).hexdigest()

    @property
    def runs(self) -> tuple[int, ...]:
        """How many pieces are there and how many are empty, in turn; nothing where none is empty."""
        return tuple(self._runs) if len(self._runs) > 1 else ()

    def _count(self, number: int, *, empty: bool) -> None:
        if (len(self._runs) % 2 == 0) == empty:
            self._runs[-1] += number
        else:
            self._runs.append(number)


def digest_of_content(handle: int) -> str:
    """The digest of a whole file, as Digest makes it."""
    return digest_of_parts(parts(handle, os.fstat(handle).st_size))


def digest_of_parts(given: Iterable[Part], *, plain: bool = False) -> str:
    """The digest of all these parts."""
    digest = Digest(plain=plain)
    for part in given:
        digest.update(part)
    return digest.text()


def whole(given: Iterable[Part], size: int) -> bytes:
    """A small file that somebody else may have made. Raises ValueError where it is too large for one."""
    if size > _LARGEST_WHOLE:
        raise ValueError("it is too large")
    return b"".join(part if isinstance(part, bytes) else bytes(part.pieces * PIECE) for part in given)


def write(handle: int, part: Part, position: int) -> int:
    """Write the part at `position`, as a hole where nothing is in it; the position after it."""
    if isinstance(part, Empty):
        return position + part.pieces * PIECE
    view = memoryview(part)
    while view:
        written = system.write_at(handle, view, position)
        view, position = view[written:], position + written
    return position


def _next_data(handle: int, position: int) -> int:
    if sys.platform == "win32":
        return position
    try:
        return os.lseek(handle, position, os.SEEK_DATA)
    except OSError as error:
        return sys.maxsize if error.errno == errno.ENXIO else position  # no data any more; or nobody can tell
