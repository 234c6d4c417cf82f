"""A set from its source to the folder that everybody sees: fetched, checked, unpacked, described, made read-only."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skrt_hub.context import Context
from skrt_hub.datasets import record
from skrt_hub.datasets.download import Download, forget_done, note_done
from skrt_hub.datasets.known import find
from skrt_hub.datasets.pieces import FIRST, Piece, Source
from skrt_hub.datasets.places import Bucket, Commons, Folder
from skrt_hub.datasets.web import Record, WebFile
from skrt_hub.errors import CopyError, SettingsError
from skrt_hub.files import ensure_folder, exclusive, read_json, told, write_atomically, write_json
from skrt_hub.inspection import guard
from skrt_hub.likeness import meant
from skrt_hub.material.unpack import unpack
from skrt_hub.progress import Step
from skrt_hub.settings.datasets import Dataset
from skrt_workspace import system
from skrt_workspace.home.walk import remove_tree

_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
_GROWS = 2
"""How many times an archive's size its files are taken to have, before it can be known."""
_BUSY = "Sets of data are being fetched by another command."


@dataclass(frozen=True)
class Fetched:
    """One set after a fetch; `changed`: it was not there before."""

    entry: Dataset
    record: dict[str, Any]
    changed: bool


def chosen(context: Context, names: Sequence[str]) -> tuple[Dataset, ...]:
    """The sets of these names, or all. Raises SettingsError for one that hub.yaml does not name."""
    entries = {entry.name: entry for entry in context.settings.datasets}
    for name in names:
        if name not in entries:
            raise SettingsError(
                f"hub.yaml names no data set {name!r}.",
                why=f"It names: {', '.join(entries) or 'none'}.",
                remedy=f"{meant(name, entries)}Write it under `datasets` in hub.yaml. Known sets: "
                "skrt-hub datasets list --known",
            )
    return tuple(entries[name] for name in names or entries)


def fetch(context: Context, entries: Sequence[Dataset], *, patients_too: bool = False) -> tuple[Fetched, ...]:
    """Bring these sets here; what is there stays as it is. `patients_too`: also files that tell who a patient is."""
    if not entries:
        return ()
    ensure_folder(context.layout.datasets, mode=0o755)
    with locked(context):
        return tuple(_Fetch(context, entry).run(patients_too) for entry in entries)


@contextmanager
def locked(context: Context) -> Iterator[None]:
    """Hold the sets against other commands; the hub goes on meanwhile."""
    lock = context.layout.datasets / ".lock"
    with exclusive(lock, what=_BUSY, remedy="Wait for its end, then type the command again."), told(lock):
        yield


class _Fetch:
    def __init__(self, context: Context, entry: Dataset) -> None:
        self._context, self._entry, self._layout = context, entry, context.layout
        self._known = find(entry.name) if entry.known else None
        self._source = source_for(entry)
        self._stamp = record.source_of(entry)
        self._work = context.layout.dataset_on_its_way(entry.name)

    def run(self, patients_too: bool) -> Fetched:
        state = record.state_of(self._layout, self._entry)
        if state.words == "there":
            return Fetched(self._entry, dict(state.record), changed=False)
        self._begin()
        name = self._entry.name
        with self._context.progress.step(f"{name}: fetching") as step:
            files, pieces = Download(self._source, self._work, lambda done, total: _tell(step, done, total)).run(
                _GROWS if self._packed else 0
            )
        ready = self._work / "ready"
        if ready.exists():
            remove_tree(ready)
        with self._context.progress.step(f"{name}: putting in place") as step:
            if self._packed:
                self._unpack(files, pieces, ready, step)
            else:
                files.rename(ready)
                forget_done(self._work)
        try:
            return self._look_and_publish(ready, pieces, patients_too)
        except BaseException:
            if not self._packed and ready.exists() and not files.exists():
                ready.rename(files)  # fetched once: whoever answers a question later need not wait again
                note_done(self._work, pieces)
            raise

    @property
    def _packed(self) -> bool:
        """Archives are unpacked where somebody packed them for the way: at an address, or in a record."""
        return isinstance(self._source, WebFile | Record)

    def _look_and_publish(self, ready: Path, pieces: list[Piece], patients_too: bool) -> Fetched:
        name = self._entry.name
        if not self._entry.known and not patients_too:
            guard.refuse_patients(self._context, f"The data set {name}", [ready])
        with self._context.progress.step(f"{name}: computing its hashes") as step:
            files = record.describe(ready, step.update)
        made = self._describe(files, pieces)
        self._compare(made)
        write_atomically(ready / record.CITATION, self._cited(made), mode=0o444)
        self._publish(ready, made)
        return Fetched(self._entry, made, changed=True)

    def _begin(self) -> None:
        """What is on its way from another source is thrown away."""
        if self._work.exists() and read_json(self._work / "source.json") != self._stamp:
            remove_tree(self._work)
        ensure_folder(self._work.parent, mode=0o700)
        ensure_folder(self._work, mode=0o700)
        write_json(self._work / "source.json", self._stamp)

    def _unpack(self, files: Path, pieces: list[Piece], ready: Path, step: Step) -> None:
        archives = [piece for piece in pieces if piece.name.lower().endswith(_ARCHIVES)]
        if len(pieces) == len(archives) == 1:
            unpack(files / pieces[0].name, ready, lambda count: step.update(note=f"{count} entries unpacked"))
            self._under_top(ready)
            return
        ready.mkdir(mode=0o700)
        for piece in pieces:
            target = ready / piece.name
            if piece in archives:
                target = target.with_name(_stem(piece.name) or "archive")
            if target.exists() or any(parent.is_file() for parent in target.parents):
                raise CopyError(
                    f"The data set {self._entry.name} holds two things of one name: {target.relative_to(ready)}.",
                    why="An archive becomes a folder of its name.",
                    remedy="Ask who gave you this set.",
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            if piece in archives:
                unpack(files / piece.name, target)
            else:
                shutil.copyfile(files / piece.name, target)

    def _under_top(self, ready: Path) -> None:
        """Notebooks look for a folder of this name, whether the archive has it or not."""
        top = self._known.top if self._known else ""
        if top and not (ready / top).is_dir():
            inner = ready.with_name("inner")
            ready.rename(inner)
            ready.mkdir(mode=0o700)
            inner.rename(ready / top)

    def _describe(self, files: dict[str, list[Any]], pieces: list[Piece]) -> dict[str, Any]:
        vouched = all(piece.digest for piece in pieces)
        found, entry = self._source, self._entry
        known = self._known
        return {
            "format": record.FORMAT,
            "source": self._stamp,
            "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
            "vouched": "hub.yaml's hash" if entry.hash else found.vouches if vouched else FIRST,
            "hash": record.hash_of(files),
            "file_hash": entry.hash if entry.url else "",
            "files": files,
            "bytes": sum(size for size, _ in files.values()),
            "licence": entry.licence or (known.licence if known else getattr(found, "licence", "")),
            "citation": entry.citation or (known.citation if known else getattr(found, "citation", "")),
        }

    def _compare(self, made: dict[str, Any]) -> None:
        """With hub.yaml's hash, else with the first fetch from this source."""
        entry, found = self._entry, made["hash"]
        if entry.hash and not entry.url and entry.hash != found:
            raise CopyError(
                f"The data set {entry.name} is not what `hash` in hub.yaml says.",
                why=f"It must be {entry.hash}, and is {found}.",
                remedy="Correct `hash`, or ask who keeps the set.",
            )
        first = record.first_hash(self._layout, self._stamp)
        if first and first != found and not entry.hash:
            raise CopyError(
                f"The data set {entry.name} is another one than at the first fetch.",
                why=f"It was {first}, and is {found}.",
                remedy=f"If that is meant, write `hash: {found}` for it in hub.yaml, and fetch it again.",
            )

    @property
    def _origin(self) -> str:
        """For everybody who reads it: where a folder of the organiser's lies is no concern of theirs."""
        entry = self._entry
        if self._known:
            return f"https://doi.org/{self._known.doi}" if self._known.doi else f"s3://{self._known.bucket}"
        return entry.url or entry.doi or entry.s3 or "a folder of the organiser's"

    def _cited(self, made: dict[str, Any]) -> str:
        lines = [
            self._known.title if self._known else self._entry.name,
            "",
            f"Cite it as: {made['citation'] or 'not told; ask who gave you this set'}",
            f"Licence: {made['licence'] or 'not told; ask who gave you this set'}",
            f"From: {self._origin}",
            f"Hash: {made['hash']} ({made['vouched']})",
        ]
        return "\n".join(lines) + "\n"

    def _publish(self, ready: Path, made: dict[str, Any]) -> None:
        """Whole or not at all: the record, written last, says that it is there."""
        for path in ready.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        final, old = self._layout.dataset(self._entry.name), self._work / "old"
        self._layout.dataset_record(self._entry.name).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            final.chmod(0o755)  # to be moved by whoever is not root
            final.rename(old)
        ready.rename(final)
        final.chmod(0o555)
        system.sync_folder(final.parent)
        record.write(self._layout, self._entry.name, made)
        record.remember(self._layout, self._stamp, made["hash"])
        remove_tree(self._work)


def source_for(entry: Dataset) -> Source:
    """Where a set lies. Raises SettingsError for a name that is not known."""
    if entry.url:
        return WebFile(entry.url, entry.hash)
    if entry.doi:
        return Record(entry.doi)
    if entry.folder is not None:
        return Folder(entry.folder)
    if entry.s3:
        return Bucket(entry)
    known = find(entry.name)
    return Record(known.doi) if known.doi else Commons(known, entry.patients)


def _stem(name: str) -> str:
    last = name.rpartition("/")[2]
    return next(last[: -len(end)] for end in sorted(_ARCHIVES, key=len, reverse=True) if last.lower().endswith(end))


def _tell(step: Step, done: int, total: int) -> None:
    step.update(done, total or None, note=f"{done / 10**6:.0f} MB")
