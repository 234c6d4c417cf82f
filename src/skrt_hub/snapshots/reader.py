"""Files of a home on their way into packs: read, hashed and compressed, many small ones at once, large ones in pieces.

Files change while they are read; one that does is read again, and after some tries taken as it was, and named.
"""

from __future__ import annotations

import collections
import hashlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from skrt_hub.homes.access import File, Home, Homes, several_at_once
from skrt_hub.snapshots import packs
from skrt_hub.snapshots.index import Index
from skrt_hub.snapshots.manifest import Saved
from skrt_hub.snapshots.writer import Writer
from skrt_workspace.home.content import PIECE, Digest, Empty
from skrt_workspace.home.scan import Entry
from skrt_workspace.home.transfer import Facts

SMALL = 1024 * 1024
_BATCH_FILES, _BATCH_BYTES = 64, 4 * 1024 * 1024
_WAITING_BATCHES, _WAITING_PIECES = 4, 6
_TRIES = 3
_COARSE_CLOCK = 2 * 10**9  # nanoseconds; times of files may be this coarse


@dataclass(slots=True)
class Got:
    """What became of one file. saved: None where it could not be read, and `problem` says why."""

    entry: Entry
    saved: Saved | None = None
    problem: str = ""
    settled: bool = True


@dataclass(slots=True)
class _Small:
    """A small file's content, to be packed. content: None where it was not read, or grew large meanwhile."""

    entry: Entry
    facts: Facts | None = None
    content: bytes | None = None
    settled: bool = True
    problem: str = ""
    digest: bytes = b""
    packed: bytes | None = None


class Reader:
    """Reads files of one home after another. `pool` does what can be done beside each other."""

    def __init__(self, homes: Homes, index: Index, writer: Writer, pool: ThreadPoolExecutor) -> None:
        self._homes = homes
        self._index = index
        self._writer = writer
        self._pool = pool
        self._at_once = several_at_once(homes)

    def read(self, home: Home, entries: Iterable[Entry]) -> Iterator[Got]:
        """Read the files, and hand their new contents to the writer. Small files may come later than they stand."""
        waiting: collections.deque[Future[list[_Small]]] = collections.deque()
        batch: list[Entry] = []
        size = 0
        for entry in entries:
            if entry.size > SMALL:
                yield self._large(home, entry)
                continue
            batch.append(entry)
            size += entry.size
            if len(batch) >= _BATCH_FILES or size >= _BATCH_BYTES:
                waiting.append(self._submit(home, batch))
                batch, size = [], 0
            if len(waiting) >= _WAITING_BATCHES:
                yield from self._done(home, waiting.popleft())
        if batch:
            waiting.append(self._submit(home, batch))
        while waiting:
            yield from self._done(home, waiting.popleft())

    def _submit(self, home: Home, batch: list[Entry]) -> Future[list[_Small]]:
        if self._at_once:
            return self._pool.submit(lambda: self._packed([self._small(home, entry) for entry in batch]))
        read = [self._small(home, entry) for entry in batch]
        return self._pool.submit(lambda: self._packed(read))

    def _done(self, home: Home, batch: Future[list[_Small]]) -> Iterator[Got]:
        for small in batch.result():
            if small.problem:
                yield Got(small.entry, problem=small.problem)
            elif small.content is None or small.facts is None:
                yield self._large(home, small.entry)
            else:
                if small.packed is not None:
                    self._writer.add(small.digest, small.packed, len(small.content))
                entry = _as_read(small.entry, small.facts, len(small.content), small.settled)
                yield Got(entry, Saved(entry, small.digest.hex(), (small.digest,)), settled=small.settled)

    def _small(self, home: Home, entry: Entry) -> _Small:
        small = _Small(entry)
        for _ in range(_TRIES):
            try:
                with self._homes.reading(home, entry.path) as file:
                    small.facts = file.facts
                    pieces = file.pieces()
                    first = next(pieces, b"")
                    if isinstance(first, Empty) or len(first) > 2 * SMALL or next(pieces, None) is not None:
                        return small  # it grew: to be read as a large one
                    small.content = first
                    small.settled = file.settled
            except OSError as error:
                small.problem = error.strerror or "it cannot be read"
                return small
            if small.settled:
                break
        return small

    def _packed(self, batch: list[_Small]) -> list[_Small]:
        for small in batch:
            if small.content is not None:
                small.digest = hashlib.sha256(small.content).digest()
        known = self._index.known([small.digest for small in batch if small.digest])
        for small in batch:
            if small.content is not None and small.digest not in known:
                small.packed = packs.frame(small.digest, small.content)
                known.add(small.digest)
        return batch

    def _large(self, home: Home, entry: Entry) -> Got:
        for _ in range(_TRIES):
            try:
                with self._homes.reading(home, entry.path) as file:
                    facts = file.facts
                    digest, pieces, size, runs = self._in_pieces(file)
                    settled = file.settled
            except OSError as error:
                return Got(entry, problem=error.strerror or "it cannot be read")
            if settled:
                break
        entry = _as_read(entry, facts, size, settled)
        return Got(entry, Saved(entry, digest, pieces, runs=runs), settled=settled)

    def _in_pieces(self, file: File) -> tuple[str, tuple[bytes, ...], int, tuple[int, ...]]:
        """The whole file's digest, its pieces', its size and runs; hashing and compressing run beside the reading."""
        state = Digest()
        digests: list[bytes] = []
        size = 0
        waiting: collections.deque[tuple[int, Future[tuple[bytes, bytes | None]]]] = collections.deque()

        def take() -> None:
            length, future = waiting.popleft()
            digest, packed = future.result()
            digests.append(digest)
            if packed is not None:
                self._writer.add(digest, packed, length)

        for piece in file.pieces():
            state.update(piece)
            if isinstance(piece, Empty):
                size += piece.pieces * PIECE
                continue
            waiting.append((len(piece), self._pool.submit(self._piece, piece)))
            size += len(piece)
            if len(waiting) >= _WAITING_PIECES:
                take()
        while waiting:
            take()
        return state.text(), tuple(digests), size, state.runs

    def _piece(self, piece: bytes) -> tuple[bytes, bytes | None]:
        digest = hashlib.sha256(piece).digest()
        return digest, None if self._index.known([digest]) else packs.frame(digest, piece)


def _as_read(entry: Entry, facts: Facts, size: int, settled: bool) -> Entry:
    """The entry as the file was when it was read.

    A change right after the reading may leave the same size and times: no such file counts as unchanged next time.
    """
    certain = settled and time.time_ns() - max(facts.mtime, facts.ctime) > _COARSE_CLOCK
    return replace(entry, size=size, mtime=facts.mtime, ctime=facts.ctime if certain else 0, inode=facts.inode)
