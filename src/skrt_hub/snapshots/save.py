"""Saving homes: only what is new is read, compressed and written; what was written is read back.

1. contents go into packs, 2. each pack is put, then its index, and both are read back, 3. the manifests of homes whose
contents are all there are put: from here on the new copy of such a home exists, 4. they are read back, 5. the save's
summary is put. Killed at any moment, each home has its old copy or its new one.
"""

from __future__ import annotations

import collections
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from skrt_hub.errors import CopyError
from skrt_hub.homes.access import Home, Homes, several_at_once
from skrt_hub.progress import Step
from skrt_hub.snapshots import catalogue, manifest, packs
from skrt_hub.snapshots.fingerprints import Fingerprints
from skrt_hub.snapshots.index import Index
from skrt_hub.snapshots.manifest import Head, Saved
from skrt_hub.snapshots.reader import Got, Reader
from skrt_hub.snapshots.repository import Repository
from skrt_hub.snapshots.writer import Writer
from skrt_workspace.home.fingerprint import fingerprint_of
from skrt_workspace.home.scan import FILE, HARD_LINK, LEFT_OUT, Entry

_THREADS = 2
_LOOKED_UP_AT_ONCE = 500
_BURDENSOME = 20 * 10**9  # bytes in a home
_A_CHARACTER = 1000  # as many bytes are read in the time that a path's character costs
_TELL_EVERY = 0.1  # seconds; telling has its cost, too


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
    """One save in progress. `step` is told the bytes that were looked at; `total` is about how many there will be."""

    place: Repository
    index: Index
    homes: Homes
    id: str
    saves: list[catalogue.Save]
    step: Step
    hub: str = ""
    total: int | None = None
    done: int = 0
    new: int = 0
    note: str = ""
    fingerprints: list[tuple[str, str, bytes, str]] = field(default_factory=list)
    told: float = 0.0

    def tell(self, size: int) -> None:
        """So many bytes more were looked at."""
        self.done += size
        now = time.monotonic()
        if now - self.told >= _TELL_EVERY:
            self.told = now
            self.step.update(self.done, None if self.total is None else max(self.total, self.done), note=self.note)


def save_homes(saving: Saving, wanted: list[Home], now: Callable[[], datetime]) -> list[HomeSaved]:
    """Save each home, verify all that was written, and complete the save. Raises CopyError or SpaceError."""
    results = []
    packs.keep_freed_memory()
    with (
        ThreadPoolExecutor(_THREADS, thread_name_prefix="save") as pool,
        Writer(saving.place, saving.index) as writer,
    ):
        reader = Reader(saving.homes, saving.index, writer, pool)
        looked_through = _burdensome_last(_looked_through(saving, wanted, pool, now))
        for number, (home, found) in enumerate(looked_through, start=1):
            saving.note = f"{home.name}, {number} of {len(wanted)}"
            result = HomeSaved(home)
            name = f"saves/{saving.id}/{home.folder}{catalogue.SUFFIX}"
            writer.manifest(name, _save_home(saving, reader, result, found, now))
            results.append(result)
        saving.step.update(note="writing and reading back")
        writer.finish()
    saving.new = writer.new
    accounts = saving.homes.accounts()
    if accounts:
        saving.place.put(f"saves/{saving.id}/{catalogue.ACCOUNTS}", accounts)
    saving.place.put(f"saves/{saving.id}/{catalogue.SUMMARY}", _summary(saving, results, now()))
    saving.index.remember(saving.fingerprints)
    return results


@dataclass(frozen=True)
class _Found:
    """What was in a home at `time`: its fingerprint, and the entries unless that already says that nothing changed.

    before: the newest save that has the home.
    """

    before: catalogue.Save | None
    time: str
    fingerprint: bytes
    entries: list[Entry] | None


def _burdensome_last(looked_through: Iterable[tuple[Home, _Found]]) -> Iterator[tuple[Home, _Found]]:
    """The homes in their order, but those that take long at the end: one must not hold up the others' copies."""
    later = []
    for home, found in looked_through:
        if sum(entry.size + len(entry.path) * _A_CHARACTER for entry in found.entries or ()) > _BURDENSOME:
            later.append((home, found))
        else:
            yield home, found
    yield from later


def _looked_through(
    saving: Saving, wanted: list[Home], pool: ThreadPoolExecutor, now: Callable[[], datetime]
) -> Iterator[tuple[Home, _Found]]:
    """What is in each home; where that is possible, the next one is looked through meanwhile."""
    ahead = 1 if several_at_once(saving.homes) else 0
    coming: collections.deque[tuple[Home, Future[_Found]]] = collections.deque()
    before = {home: catalogue.newest_of(saving.saves, home.folder) for home in wanted}
    asked = now().astimezone(UTC).isoformat()
    with Fingerprints(saving.homes, [home for home in wanted if before[home] is not None]) as fingerprints:
        answers = iter(fingerprints)
        for home in wanted:
            last = before[home]
            seen = next(answers) if last is not None else None
            if last is not None and seen is not None and saving.index.saved_as(home.folder, last.id, seen) is not None:
                future: Future[_Found] = Future()
                future.set_result(_Found(last, asked, seen, None))
            else:
                future = pool.submit(_scan, saving.homes, home, last, now)
            coming.append((home, future))
            if len(coming) > ahead:
                ready, found = coming.popleft()
                yield ready, found.result()
    for ready, found in coming:
        yield ready, found.result()


def _scan(homes: Homes, home: Home, before: catalogue.Save | None, now: Callable[[], datetime]) -> _Found:
    time = now().astimezone(UTC).isoformat()
    entries = list(homes.scan(home))
    return _Found(before, time, fingerprint_of(entries), entries)


def _summary(saving: Saving, results: list[HomeSaved], now: datetime) -> bytes:
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


def _save_home(saving: Saving, reader: Reader, result: HomeSaved, found: _Found, now: Callable[[], datetime]) -> bytes:
    """The home's new manifest; what is new of its contents went to the writer."""
    home = result.home
    head = Head(home.name, home.folder, found.time, saving.hub)
    same = _as_it_was(saving, result, found, head)
    if same is not None:
        _remember(saving, result, found.fingerprint)
        return same
    if found.entries is None:  # as it was, but its last manifest cannot be read
        found = _scan(saving.homes, home, found.before, now)
    listing = _Listing(saving, result, _saved_before(saving, home.folder, found.before))
    for got in reader.read(home, listing.to_read(found.entries or [])):
        listing.take(got)
    entries = listing.entries()
    if listing.certain:
        _remember(saving, result, found.fingerprint)
    return manifest.write(replace(head, time=now().astimezone(UTC).isoformat()), entries)


def _remember(saving: Saving, result: HomeSaved, fingerprint: bytes) -> None:
    facts = json.dumps([result.files, result.bytes, result.left_out])
    saving.fingerprints.append((result.home.folder, saving.id, fingerprint, facts))


def _as_it_was(saving: Saving, result: HomeSaved, found: _Found, head: Head) -> bytes | None:
    """The home's last manifest under a new head, where all in it is as it was then; its entries are not looked at."""
    folder, before = result.home.folder, found.before
    facts = saving.index.saved_as(folder, before.id, found.fingerprint) if before is not None else None
    if before is None or facts is None:
        return None
    try:
        data = manifest.again(head, saving.place.get(before.manifest(folder)))
    except CopyError:
        return None
    result.files, result.bytes, result.left_out = json.loads(facts)
    saving.tell(result.bytes)
    return data


class _Listing:
    """What a home has, in the order in which it was found: as it was saved before, or as it is read now."""

    def __init__(self, saving: Saving, result: HomeSaved, before: dict[str, Saved]) -> None:
        self._saving = saving
        self._result = result
        self._before = before
        self._found: dict[str, Saved | None] = {}
        self.certain = True
        """Whether a home in which nothing changes from now on need not be read again."""

    def to_read(self, all_found: list[Entry]) -> Iterator[Entry]:
        """Go through what is in the home; the files that have to be read."""
        waiting: list[tuple[Entry, Saved]] = []
        for found in all_found:
            if found.kind == LEFT_OUT:
                self._result.left_out[found.path] = found.target
                continue
            entry = found if found.mode & ~0o1777 == 0 else replace(found, mode=found.mode & 0o1777)
            self._found[entry.path] = None if entry.kind == FILE else Saved(entry)
            if entry.kind != FILE:
                continue
            before = self._before.get(entry.path)
            if before is None or not _as_before(before.entry, entry):
                yield entry
                continue
            waiting.append((entry, before))
            if len(waiting) >= _LOOKED_UP_AT_ONCE:
                yield from self._missing(waiting)
                waiting.clear()
        yield from self._missing(waiting)

    def _missing(self, unchanged: list[tuple[Entry, Saved]]) -> Iterator[Entry]:
        """Take over what did not change, where all its contents are still there; the others have to be read."""
        there = self._saving.index.known([piece for _, before in unchanged for piece in before.pieces])
        for entry, before in unchanged:
            if there.issuperset(before.pieces):
                same = before.entry.mode == entry.mode
                self._count(before if same else Saved(entry, before.digest, before.pieces, runs=before.runs))
            else:
                yield entry

    def take(self, got: Got) -> None:
        """A file that was read, or could not be."""
        if got.saved is None:
            del self._found[got.entry.path]
            self._result.left_out[got.entry.path] = got.problem
            self.certain = False
            return
        self._result.read += got.entry.size
        self.certain = self.certain and bool(got.saved.entry.ctime)
        if not got.settled:
            self._result.restless.append(got.entry.path)
        self._count(got.saved)

    def entries(self) -> list[Saved]:
        """All that is to be saved, but for second names of files that could not be."""
        kept = [saved for saved in self._found.values() if saved is not None]
        if not self._result.left_out:
            return kept
        return [
            saved for saved in kept if saved.entry.kind != HARD_LINK or saved.entry.target not in self._result.left_out
        ]

    def _count(self, saved: Saved) -> None:
        self._found[saved.entry.path] = saved
        self._result.files += 1
        self._result.bytes += saved.entry.size
        self._saving.tell(saved.entry.size)


def _saved_before(saving: Saving, folder: str, before: catalogue.Save | None) -> dict[str, Saved]:
    """The home's newest manifest by path; nothing where there is none that can be read."""
    if before is None:
        return {}
    try:
        return manifest.by_path(saving.place.get(before.manifest(folder)))
    except CopyError:
        return {}


def _as_before(old: Entry, now: Entry) -> bool:
    """Whether size, times and inode say that a file is the same."""
    return (
        old.ctime == now.ctime
        and old.mtime == now.mtime
        and old.size == now.size
        and old.inode == now.inode
        and old.kind == now.kind
    )


def check_pack(place: Repository, index: Index, name: str) -> int:
    """Read one pack whole, and every content in it. The number of contents. Raises CopyError where one is damaged."""
    data = place.get(packs.pack_file(name))
    if hashlib.sha256(data).hexdigest() != name:
        raise CopyError(f"The pack {name[:12]} in {place.label} is damaged.", why="It has another hash than its name.")
    count = 0
    view = memoryview(data)
    for digest, where in index.in_pack(name):
        packs.checked(view[where.offset : where.offset + where.length], digest, where.size)
        count += 1
    return count
