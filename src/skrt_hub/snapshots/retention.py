"""Which saves are kept, and giving back the space of those that are not.

A save that is let go loses its manifests first; then packs that no manifest needs are removed, and packs that
hardly any needs are written anew with what is still needed. New packs are there before old ones go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from skrt_hub.snapshots import catalogue, manifest, packs
from skrt_hub.snapshots.catalogue import Save
from skrt_hub.snapshots.index import Index
from skrt_hub.snapshots.packs import Pack, Where
from skrt_hub.snapshots.repository import Repository

_WORTH_REWRITING = 0.5


@dataclass(frozen=True)
class Keep:
    """How many saves are kept: the last ones, and the last one of so many days, weeks and months."""

    last: int
    daily: int
    weekly: int
    monthly: int


def kept(saves: list[Save], keep: Keep) -> set[str]:
    """The names of the saves to keep. The newest copy of every home is always among them."""
    complete = [save for save in saves if save.complete]
    names = {save.id for save in complete[-keep.last :]} if keep.last else set()
    kinds: tuple[tuple[int, Callable[[datetime], object]], ...] = (
        (keep.daily, lambda time: time.date()),
        (keep.weekly, lambda time: time.isocalendar()[:2]),
        (keep.monthly, lambda time: (time.year, time.month)),
    )
    for count, period in kinds:
        newest = {period(save.time.astimezone()): save.id for save in complete}
        names |= set(list(newest.values())[-count:]) if count else set()
    for folder in {folder for save in saves for folder in save.folders}:
        for candidates in (saves, complete):
            save = catalogue.newest_of(candidates, folder)
            if save is not None:
                names.add(save.id)
    return names


@dataclass(frozen=True)
class Freed:
    """What was let go: saves, packs, and bytes of packs."""

    saves: int
    packs: int
    bytes: int


def prune(place: Repository, index: Index, saves: list[Save], keep: set[str], *, all_of_it: bool = False) -> Freed:
    """Let go every save that is not in `keep`, and the space that only those needed. The place must be locked.

    `all_of_it`: nothing of them stays, however little room it takes.
    """
    going = [save for save in saves if save.id not in keep]
    for save in going:
        # The summary first: a save that is half gone must not look complete.
        place.remove(f"saves/{save.id}/{catalogue.SUMMARY}")
        for folder in save.folders:
            place.remove(save.manifest(folder))
        place.remove(f"saves/{save.id}/{catalogue.ACCOUNTS}")
    needed = _needed(place, [save for save in saves if save.id in keep])
    removed, freed = 0, 0
    for name in sorted(index.pack_names()):
        held = list(index.in_pack(name))
        live = [(digest, where) for digest, where in held if digest in needed]
        size = sum(where.length for _, where in held)
        rest = sum(where.length for _, where in live)
        if held and (rest == size if all_of_it else rest > _WORTH_REWRITING * size):
            continue
        if live:
            _write_anew(place, index, live)
        _remove_pack(place, index, name)
        removed += 1
        freed += size - rest
    _remove_strays(place, index)
    return Freed(len(going), removed, freed)


def _needed(place: Repository, saves: list[Save]) -> set[bytes]:
    needed: set[bytes] = set()
    for save in saves:
        for folder in save.folders:
            _, saved = manifest.read(place.get(save.manifest(folder)))
            for item in saved:
                needed.update(item.pieces)
    return needed


def _write_anew(place: Repository, index: Index, live: list[tuple[bytes, Where]]) -> None:
    pack = Pack()
    for digest, where in live:
        packed = place.get(packs.pack_file(where.pack), where.offset, where.length)
        packs.content_of(packed, digest, where.size)  # nothing damaged is carried on
        pack.add(digest, packed, where.size)
    name, data, listing = pack.finished()
    if name in index.pack_names():
        return
    place.put(packs.pack_file(name), data)
    place.put(packs.index_file(name), listing)
    index.add_pack(name, [(digest, Where(name, *where)) for digest, where in pack.entries.items()])


def _remove_pack(place: Repository, index: Index, name: str) -> None:
    """The index first: a pack without one is not used, an index without its pack would be."""
    place.remove(packs.index_file(name))
    place.remove(packs.pack_file(name))
    index.forget_pack(name)


def _remove_strays(place: Repository, index: Index) -> None:
    """Packs whose index was never put: an interrupted save left them."""
    known = index.pack_names()
    for file in place.names("packs"):
        if packs.name_from(file) not in known:
            place.remove(file)
