"""Restoring homes: into place where nothing newer would be lost, otherwise beside it.

A saved file gets its place back when nothing stands there, or when what stands there is as safe as itself: unchanged
material, or the very content that the home's newest saved copy has at this path. Otherwise it lands beside, as
`name (saved 2026-11-23 18.00).ext`; only of histories that programs keep for themselves, the newer one in the home
stays, and no copy is laid beside. A restore that was interrupted is simply run again.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from skrt_hub.homes.access import Home, Homes
from skrt_hub.snapshots import packs
from skrt_hub.snapshots.contents import Lazy, check_contents, contents
from skrt_hub.snapshots.index import Index
from skrt_hub.snapshots.manifest import Head, Saved
from skrt_hub.snapshots.repository import Repository
from skrt_workspace.home.content import whole
from skrt_workspace.home.scan import FILE, FOLDER, HARD_LINK, LINK, OWN_FOLDERS, Entry
from skrt_workspace.home.transfer import Step
from skrt_workspace.home.tree import label

_RECORD = ".local/share/skrt-workspace/material.json"
_HISTORY = re.compile(
    r"\.ipython/profile_[^/]+/history\.sqlite"
    r"|\.local/share/jupyter/(nbsignatures\.db|notebook_secret)"
    r"|\.jupyter/lab/workspaces/[^/]+"
    r"|\.(bash|python)_history"
)
"""What programs write down for themselves at each use: nobody looks for a second one beside it."""
_JOURNAL = re.compile(r"-(journal|wal|shm)$")  # SQLite's, which belongs to one state of one database


@dataclass
class Restored:
    """What became of one home: numbers of files, and paths.

    stayed: histories and their journals that stayed as they are in the home: the saved ones are in the copy only.
    """

    home: Home
    time: str
    restored: int = 0
    equal: int = 0
    bytes: int = 0
    replaced: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    stayed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass
class Restoring:
    """What a restore works with. `newest`: the entries of the home's newest saved copy."""

    place: Repository
    index: Index
    homes: Homes
    outward_links: bool = True


def restore_home(restoring: Restoring, home: Home, copy: tuple[Head, list[Saved]], newest: list[Saved]) -> Restored:
    """Restore one home from a manifest. Raises CopyError where a content is damaged, with all that exists untouched."""
    packs.keep_freed_memory()
    head, saved = copy
    result = Restored(home, head.time)
    check_contents(restoring.index, saved)
    restoring.homes.prepare(home)
    present = {entry.path: entry for entry in restoring.homes.scan(home)}
    safe = _safe_contents(restoring.homes, home, present, newest)
    plan = _Plan(restoring, present, safe, result)
    steps = list(plan.steps(saved))
    for outcome in restoring.homes.receive(home, steps):
        if outcome.problem:
            result.failed[outcome.path] = outcome.problem
    failed_files = sum(step.kind == FILE and step.path in result.failed for step in steps)
    result.restored = sum(step.kind == FILE for step in steps) - failed_files
    return result


def _safe_contents(homes: Homes, home: Home, present: dict[str, Entry], newest: list[Saved]) -> set[tuple[str, str]]:
    """Paths and digests that can be replaced without a loss: saved in the newest copy, or unchanged material."""
    safe = {(item.entry.path, item.digest) for item in newest if item.entry.kind == FILE}
    if _RECORD in present and present[_RECORD].kind == FILE:
        try:
            with homes.reading(home, _RECORD) as file:
                document = json.loads(whole(file.pieces(), file.facts.size))
            for placed in document["files"].values():
                safe.add((str(placed["at"]), str(placed.get("placed"))))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # the participant's own file: without it everything counts as theirs
    return safe


class _Plan:
    """Decides for each saved entry, in their order (a folder comes before what is in it)."""

    def __init__(
        self,
        restoring: Restoring,
        present: dict[str, Entry],
        safe: set[tuple[str, str]],
        result: Restored,
    ) -> None:
        self.restoring = restoring
        self.present = present
        self.safe = safe
        self.result = result
        self.words = f"saved {_stamp(result.time)}"
        self.moved: dict[str, str] = {}
        self.digests: dict[str, str | None] = {}
        self.saved_before = {path for path, _ in safe}
        self.histories_that_stay: set[str] = set()

    def steps(self, saved: list[Saved]) -> Iterator[Step]:
        by_path = {item.entry.path: item for item in saved}
        to_read = []
        for path, item in by_path.items():
            first = by_path[item.entry.target] if item.entry.kind == HARD_LINK else item
            if first.entry.kind == FILE and self._is_file(path) and self._worth_reading(path, first.entry.size):
                to_read.append(path)
        self.digests = dict(self.restoring.homes.digests(self.result.home, to_read))
        for item in saved:
            yield from self._step(item, by_path)

    def _step(self, item: Saved, by_path: dict[str, Saved]) -> Iterator[Step]:
        entry = item.entry
        path = self._target(entry.path)
        if entry.kind == FOLDER:
            yield from self._folder(entry, path)
        elif path.startswith(OWN_FOLDERS) and path in self.present:
            return  # how the home is kept up to date: what is there now is right for what is there now
        elif entry.kind == FILE:
            yield from self._file(item, path)
        elif entry.kind == LINK:
            yield from self._link(entry, path)
        elif entry.kind == HARD_LINK:
            first = by_path[entry.target]
            if path not in self.present and self._target(entry.target) not in self.present:
                yield Step(path, HARD_LINK, target=self._target(entry.target))
            else:
                yield from self._file(
                    Saved(entry_as_file(entry, first), first.digest, first.pieces, runs=first.runs), path
                )

    def _folder(self, entry: Entry, path: str) -> Iterator[Step]:
        found = self.present.get(path)
        if found is not None and found.kind != FOLDER:
            self.moved[entry.path] = path = self._free(path)
            self.result.beside.append(path)
            found = None
        if found is None:
            yield Step(path, FOLDER, entry.mode, entry.mtime)

    def _file(self, item: Saved, path: str) -> Iterator[Step]:
        found = self.present.get(path)
        replaces = None
        if _JOURNAL.sub("", path) in self.histories_that_stay:
            self.result.stayed.append(path)  # beside another state of its database it would damage that
            return
        if found is not None:
            now = self.digests.get(path)
            if now == item.digest:
                self.result.equal += 1
                self.result.bytes += item.entry.size
                return
            if now is not None and (path, now) in self.safe:
                replaces = now
                self.result.replaced.append(path)
            else:
                if _HISTORY.fullmatch(path):
                    self.histories_that_stay.add(path)
                    if found.kind == FILE and found.mtime > item.entry.mtime:
                        self.result.stayed.append(path)
                        return
                beside = self._beside(path, item)
                if beside is None:
                    return
                path = beside
        self.result.bytes += item.entry.size
        pieces = partial(contents, self.restoring.place, self.restoring.index, item.pieces, item.runs)
        yield Step(
            path, FILE, item.entry.mode, item.entry.mtime, digest=item.digest, replaces=replaces, pieces=Lazy(pieces)
        )

    def _link(self, entry: Entry, path: str) -> Iterator[Step]:
        found = self.present.get(path)
        if not self.restoring.outward_links and leads_out(entry):
            self.result.left_out.append(entry.path)
            return
        if found is not None:
            if found.kind == LINK and found.target == entry.target:
                return
            path = self._free(path)
            self.result.beside.append(path)
        yield Step(path, LINK, mtime=entry.mtime, target=entry.target)

    def _beside(self, path: str, item: Saved) -> str | None:
        """A free name beside `path`; None where an earlier restore of this copy put the content there already."""
        first = label(path, self.words)
        if first in self.present:
            known = dict(self.restoring.homes.digests(self.result.home, [first]))
            if known[first] == item.digest:
                self.result.equal += 1
                return None
        free = self._free(path)
        self.result.beside.append(free)
        return free

    def _free(self, path: str) -> str:
        number = 1
        while True:
            candidate = label(path, self.words if number == 1 else f"{self.words}, {number}")
            if candidate not in self.present:
                self.present[candidate] = Entry(candidate, LINK)
                return candidate
            number += 1

    def _target(self, path: str) -> str:
        """Where `path` goes, when a folder above it had to get another name."""
        above = max((folder for folder in self.moved if path.startswith(f"{folder}/")), key=len, default="")
        return self.moved[above] + path[len(above) :] if above else path

    def _is_file(self, path: str) -> bool:
        found = self.present.get(path)
        return found is not None and found.kind in (FILE, HARD_LINK)

    def _worth_reading(self, path: str, size: int) -> bool:
        return self.present[path].size == size or path in self.saved_before


def leads_out(entry: Entry) -> bool:
    """Whether a link leads out of the home."""
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), entry.target))
    return entry.target.startswith("/") or joined.startswith("..")


def entry_as_file(entry: Entry, first: Saved) -> Entry:
    """A second name as a file of its own."""
    return Entry(entry.path, FILE, first.entry.mode, first.entry.size, first.entry.mtime)


def _stamp(time: str) -> str:
    """The copy's time as part of a file name, in local time; no colons, which other systems refuse."""
    return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H.%M")
