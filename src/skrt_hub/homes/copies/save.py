"""Saving homes: only what is new is read, compressed and written; then what was written is read back.

1. contents go into packs, 2. each pack is put, then its index, 3. the home's manifest is put: from here on the new
copy of this home exists, 4. packs and manifests are read back, 5. the save's summary is put. Killed at any
moment, each home has its old copy or its new one.
"""

from __future__ import annotations

import collections
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from skrt_hub.errors import CopyError
from skrt_hub.homes.access import Home, Homes
from skrt_hub.homes.copies import catalogue, manifest, packs
from skrt_hub.homes.copies.index import Index
from skrt_hub.homes.copies.manifest import Head, Saved
from skrt_hub.homes.copies.packs import Pack, Where
from skrt_hub.homes.copies.place import Place
from skrt_hub.progress import Step
from skrt_workspace.home.scan import FILE, HARD_LINK, LEFT_OUT, Entry

_THREADS = 2
_WAITING = 8
_TRIES = 3
_COARSE_CLOCK = 2 * 10**9  # nanoseconds; times of files may be this coarse


@dataclass
class HomeSaved:
    """What was saved of one home: counts and bytes, and what was left out and why."""

    home: Home
    files: int = 0
    bytes: int = 0
    read: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    restless: list[str] = field(default_factory=list)


@dataclass
class Saving:
    """One save in progress. `step` is told the bytes that were looked at."""

    place: Place
    index: Index
    homes: Homes
    id: str
    saves: list[catalogue.Save]
    step: Step
    hub: str = ""
    total: int | None = None
    done: int = 0
    new: int = 0


def save_homes(saving: Saving, wanted: list[Home], now: Callable[[], datetime]) -> list[HomeSaved]:
    """Save each home, verify all that was written, and complete the save. Raises CopyError or SpaceError."""
    results = []
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="save") as pool:
        written = _Writer(saving, pool)
        for home in wanted:
            result, entries = _save_home(saving, written, home)
            written.flush()
            head = Head(home.name, home.folder, now().astimezone(UTC).isoformat(), saving.hub)
            name = f"saves/{saving.id}/{home.folder}{catalogue.SUFFIX}"
            data = manifest.write(head, entries)
            saving.place.put(name, data)
            written.manifests[name] = hashlib.sha256(data).hexdigest()
            results.append(result)
    accounts = saving.homes.accounts()
    if accounts:
        saving.place.put(f"saves/{saving.id}/{catalogue.ACCOUNTS}", accounts)
    _read_back(saving, written)
    saving.place.put(f"saves/{saving.id}/{catalogue.SUMMARY}", _summary(saving, written, results, now()))
    return results


def _summary(saving: Saving, written: _Writer, results: list[HomeSaved], now: datetime) -> bytes:
    rows = {
        item.home.folder: {
            "name": item.home.name,
            "files": item.files,
            "bytes": item.bytes,
            "read": item.read,
            "left_out": dict(list(item.left_out.items())[:100]),
            "restless": item.restless[:100],
        }
        for item in results
    }
    verified = now.astimezone(UTC).isoformat()
    document = {"hub": saving.hub, "verified": verified, "new": saving.new, "homes": rows}
    return json.dumps(document, indent=1).encode()


def _save_home(saving: Saving, written: _Writer, home: Home) -> tuple[HomeSaved, list[Saved]]:
    before = _saved_before(saving, home)
    result = HomeSaved(home)
    entries: list[Saved] = []
    for entry in saving.homes.scan(home):
        if entry.kind == LEFT_OUT:
            result.left_out[entry.path] = entry.target
            continue
        plain = replace(entry, mode=entry.mode & 0o1777)
        if entry.kind != FILE:
            entries.append(Saved(plain))
            continue
        saved = _unchanged(before.get(entry.path), plain, saving.index)
        if saved is None:
            saved = _read(saving, written, plain, result)
        if saved is None:
            continue
        entries.append(saved)
        result.files += 1
        result.bytes += saved.entry.size
        saving.done += saved.entry.size
        saving.step.update(saving.done, saving.total, note=home.name)
    gone = set(result.left_out)
    return result, [saved for saved in entries if saved.entry.kind != HARD_LINK or saved.entry.target not in gone]


def _saved_before(saving: Saving, home: Home) -> dict[str, Saved]:
    """The home's newest manifest by path; nothing where there is none that can be read."""
    save = catalogue.newest_of(saving.saves, home.folder)
    if save is None:
        return {}
    try:
        _, saved = manifest.read(saving.place.get(save.manifest(home.folder)))
    except CopyError:
        return {}
    return {item.entry.path: item for item in saved if item.entry.kind == FILE}


def _unchanged(before: Saved | None, entry: Entry, index: Index) -> Saved | None:
    """The file as it was saved before, where size, times and inode say that it is the same (and all of it is there)."""
    if before is None:
        return None
    old = before.entry
    if (old.size, old.mtime, old.ctime, old.inode) != (entry.size, entry.mtime, entry.ctime, entry.inode):
        return None
    if any(index.find(piece) is None for piece in before.pieces):
        return None
    return Saved(entry, before.digest, before.pieces)


def _read(saving: Saving, written: _Writer, entry: Entry, result: HomeSaved) -> Saved | None:
    """Read a file whole, again where it changes meanwhile; after some tries as it is, and that is told."""
    for attempt in range(_TRIES):
        try:
            with saving.homes.reading(result.home, entry.path) as file:
                facts = file.facts
                state = hashlib.sha256()
                pieces: list[bytes] = []
                size = 0
                for digest, piece in _stored(written, file.pieces()):
                    state.update(piece)
                    pieces.append(digest)
                    size += len(piece)
                settled = file.settled
        except OSError as error:
            result.left_out[entry.path] = error.strerror or "it cannot be read"
            return None
        result.read += size
        if settled:
            break
        if attempt == _TRIES - 1:
            result.restless.append(entry.path)
    # A change right after the reading may leave the same size and times: no such file counts as unchanged next time.
    certain = settled and time.time_ns() - max(facts.mtime, facts.ctime) > _COARSE_CLOCK
    entry = replace(entry, size=size, mtime=facts.mtime, ctime=facts.ctime if certain else 0, inode=facts.inode)
    return Saved(entry, state.hexdigest(), tuple(pieces))


def _stored(written: _Writer, pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Each piece with its digest, once it is in a pack; hashing and compressing run beside the reading."""
    waiting: collections.deque[tuple[Future[tuple[bytes, bytes | None]], bytes]] = collections.deque()

    def oldest() -> tuple[bytes, bytes]:
        future, piece = waiting.popleft()
        digest, packed = future.result()
        if packed is not None:
            written.add(digest, packed, len(piece))
        return digest, piece

    for piece in pieces:
        waiting.append((written.pool.submit(_packed, written.saving.index, piece), piece))
        if len(waiting) >= _WAITING:
            yield oldest()
    while waiting:
        yield oldest()


def _packed(index: Index, piece: bytes) -> tuple[bytes, bytes | None]:
    digest = hashlib.sha256(piece).digest()
    return digest, None if index.find(digest) is not None else packs.frame(digest, piece)


class _Writer:
    """Fills packs, and puts each when it is full."""

    def __init__(self, saving: Saving, pool: ThreadPoolExecutor) -> None:
        self.pool = pool
        self.saving = saving
        self._pack = Pack()
        self.packs: list[str] = []
        self.manifests: dict[str, str] = {}

    def add(self, digest: bytes, packed: bytes, size: int) -> None:
        """Take one content, unless this pack has it already."""
        if digest in self._pack.entries:
            return
        self._pack.add(digest, packed, size)
        if self._pack.length >= packs.FULL:
            self.flush()

    def flush(self) -> None:
        """Put what there is: the pack, then its index, so that an index never names a pack that is not there."""
        if not self._pack.entries:
            return
        name, data, listing = self._pack.finished()
        place = self.saving.place
        place.put(packs.pack_file(name), data)
        place.put(packs.index_file(name), listing)
        contents = [(digest, Where(name, *where)) for digest, where in self._pack.entries.items()]
        self.saving.index.add_pack(name, contents)
        self.packs.append(name)
        self.saving.new += len(data)
        self._pack = Pack()


def _read_back(saving: Saving, written: _Writer) -> None:
    """Read all that this save wrote, from the place, and compare. Raises CopyError."""
    for number, name in enumerate(written.packs, start=1):
        saving.step.update(note=f"reading back, {number} of {len(written.packs)}")
        check_pack(saving.place, saving.index, name)
    for name, digest in written.manifests.items():
        if hashlib.sha256(saving.place.get(name)).hexdigest() != digest:
            raise CopyError(f"{name} was not kept as it was written.", why=f"The place is {saving.place.label}.")


def check_pack(place: Place, index: Index, name: str) -> int:
    """Read one pack whole, and every content in it. The number of contents. Raises CopyError where one is damaged."""
    data = place.get(packs.pack_file(name))
    if hashlib.sha256(data).hexdigest() != name:
        raise CopyError(f"The pack {name[:12]} in {place.label} is damaged.", why="It has another hash than its name.")
    count = 0
    view = memoryview(data)
    for digest, where in index.in_pack(name):
        packs.content_of(bytes(view[where.offset : where.offset + where.length]), digest, where.size)
        count += 1
    return count
