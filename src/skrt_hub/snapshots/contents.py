"""The contents of saved files as they come out of packs: each piece is checked against its hash before it is used."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from skrt_hub.errors import CopyError
from skrt_hub.snapshots import packs
from skrt_hub.snapshots.index import Index
from skrt_hub.snapshots.manifest import Saved
from skrt_hub.snapshots.repository import Repository
from skrt_workspace.home.content import PIECE, Empty, Part
from skrt_workspace.home.scan import FILE

_AHEAD = 2


def contents(place: Repository, index: Index, pieces: Sequence[bytes], runs: Sequence[int] = ()) -> Iterator[Part]:
    """The content of a file, piece by piece, each checked against its hash. Raises CopyError.

    runs: as in `manifest.Saved`.
    """
    if len(pieces) == 1 and not runs:
        yield _piece(place, index, pieces[0])
        return
    # Of a large file, the next pieces are fetched and checked while one is written.
    waiting: collections.deque[Future[Part]] = collections.deque()
    with ThreadPoolExecutor(_AHEAD, thread_name_prefix="restore") as pool:
        try:
            for part in _in_order(pieces, runs):
                if isinstance(part, Empty):
                    waiting.append(Future())
                    waiting[-1].set_result(part)
                else:
                    waiting.append(pool.submit(_piece, place, index, part))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _in_order(pieces: Sequence[bytes], runs: Sequence[int]) -> Iterator[Part]:
    """The hashes of pieces, with the empty ones between them."""
    rest = iter(pieces)
    for number, count in enumerate(runs or (len(pieces),)):
        if number % 2:
            yield Empty(count)
        else:
            yield from itertools.islice(rest, count)


def _piece(place: Repository, index: Index, digest: bytes) -> bytes:
    where = index.find(digest)
    if where is None:
        raise CopyError("A part of a saved copy is missing.", why=f"The content {digest.hex()[:12]} is in no pack.")
    packed = place.get(packs.pack_file(where.pack), where.offset, where.length)
    return packs.content_of(packed, digest, where.size)


def check_contents(index: Index, saved: list[Saved]) -> None:
    """Before anything is written: every content must be there, and the sizes must add up (no bombs)."""
    for item in saved:
        total = 0
        for piece in item.pieces:
            where = index.find(piece)
            if where is None:
                raise CopyError(
                    "A part of a saved copy is missing.",
                    why=f"Of {item.entry.path!r}; run `skrt-hub saves verify` to see all that is.",
                    remedy="Restore from an earlier copy with --at.",
                )
            total += where.size
        total += sum(item.runs[1::2]) * PIECE
        if total != item.entry.size and item.entry.kind == FILE:
            raise CopyError("A saved copy was refused.", why=f"{item.entry.path!r} has another size than it says.")


class Lazy:
    """Pieces that are fetched only when they are written."""

    def __init__(self, make: partial[Iterator[Part]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Part]:
        return self._make()
