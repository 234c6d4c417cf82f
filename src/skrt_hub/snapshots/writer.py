"""Contents on their way into a place: gathered in packs, put, and read back while the next ones are being read.

One thread of its own puts and reads back, one pack at a time, so that at most two packs are in memory. The manifests of
homes wait until all their contents have been put.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from skrt_hub.errors import CopyError
from skrt_hub.snapshots import packs
from skrt_hub.snapshots.index import Index
from skrt_hub.snapshots.packs import Pack, Where
from skrt_hub.snapshots.repository import Repository

_MOST_WAITING = 16 * 1024 * 1024


class Writer:
    """Fills packs and puts them. Errors of the place are raised by the next call, at the latest by `finish`."""

    def __init__(self, place: Repository, index: Index) -> None:
        self.new = 0
        self._place = place
        self._index = index
        self._pack = Pack()
        self._manifests: dict[str, bytes] = {}
        self._on_its_way: frozenset[bytes] | set[bytes] = frozenset()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="put")
        self._putting: Future[None] | None = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def add(self, digest: bytes, packed: bytes, size: int) -> None:
        """Take one content, unless it is on its way already."""
        if digest in self._pack.entries or digest in self._on_its_way:
            return
        self._pack.add(digest, packed, size)
        if self._pack.length >= packs.FULL:
            self._send()

    def manifest(self, name: str, data: bytes) -> None:
        """Put a home's manifest, once all contents that were added so far have been put."""
        self._manifests[name] = data
        idle = not self._pack.entries and (self._putting is None or self._putting.done())
        if idle or sum(map(len, self._manifests.values())) > _MOST_WAITING:
            self._send()

    def finish(self) -> None:
        """Put and read back all that waits."""
        self._send()
        self._wait()

    def _wait(self) -> None:
        if self._putting is not None:
            self._putting.result()
            self._putting = None

    def _send(self) -> None:
        self._wait()
        pack, manifests = self._pack, self._manifests
        self._pack, self._manifests, self._on_its_way = Pack(), {}, pack.entries.keys() | set()
        self._putting = self._thread.submit(self._put, pack, manifests)

    def _put(self, pack: Pack, manifests: dict[str, bytes]) -> None:
        """The pack, then its index, so that an index never names a pack that is not there; then who needs them."""
        if pack.entries:
            name, parts, listing = pack.finished()
            self._place.put(packs.pack_file(name), parts)
            self.new += pack.length
            self._place.put(packs.index_file(name), listing)
            self._compare(packs.pack_file(name), parts)
            self._compare(packs.index_file(name), listing)
            self._index.add_pack(name, [(digest, Where(name, *where)) for digest, where in pack.entries.items()])
        for file, written in manifests.items():
            self._place.put(file, written)
        for file, written in manifests.items():
            self._compare(file, written)

    def _compare(self, file: str, data: bytes | Sequence[bytes]) -> None:
        if self._place.holds(file, data):
            return
        with contextlib.suppress(CopyError):
            self._place.remove(file)  # what is damaged must not be relied on by the next save
        raise CopyError(f"{file} was not kept as it was written.", why=f"The place is {self._place.label}.")
