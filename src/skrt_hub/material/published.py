"""The organiser's material, published to the participants' servers.

    shown/manifest.json         what there is: replaced in one step
    shown/versions/<hash>/      the files of one version, never changed; the one before it stays for who still reads it
    clones/  handed-out/        fetched repositories; what `hand-out` gave

`shown` is what the sandboxes and pods see at /srv/material, and all that they see.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skrt_hub.context import Context
from skrt_hub.errors import SettingsError, SkrtHubError
from skrt_hub.files import ensure_folder, exclusive, read_json, told, write_json
from skrt_hub.inspection import guard
from skrt_hub.layout import Layout
from skrt_hub.material import sources
from skrt_hub.process import Echo
from skrt_hub.progress import Progress
from skrt_hub.settings.material import Material
from skrt_hub.settings.model import Settings
from skrt_workspace import system
from skrt_workspace.home.tree import digest_of_file

_FORMAT = 1
OLD = ".old"
"""At the end of the name of what `hand-out` is about to replace."""
_BUSY = "Material is being prepared by another command."


@dataclass(frozen=True)
class EntryState:
    """One entry of the material after a fetch: `new`, `changed`, `unchanged`; with a problem, `kept` or `missing`."""

    name: str
    state: str
    files: int
    version: str = ""
    notes: tuple[str, ...] = ()
    problem: SkrtHubError | None = None


def shown_folder(layout: Layout) -> Path:
    """What the participants' servers see at /srv/material; made here where it is missing."""
    ensure_folder(layout.material, mode=0o711)
    ensure_folder(layout.material_shown, mode=0o755)
    return layout.material_shown


def is_shown(layout: Layout) -> bool:
    """Whether there is material, or was: then homes have to be told what was taken back."""
    document = read_json(layout.material_shown / "manifest.json") or {}
    return bool(document.get("entries") or document.get("removed"))


def shown_now(shown: Path) -> tuple[Path, ...]:
    """What of `shown` servers read now: the manifest, and the folder that it names; none where none ever was."""
    document = read_json(shown / "manifest.json")
    return (shown / "manifest.json", shown / document["folder"]) if isinstance(document, dict) else ()


def fetch(
    settings: Settings, layout: Layout, progress: Progress, *, refresh: bool = False, echo: Echo | None = None
) -> tuple[EntryState, ...]:
    """Prepare all material and publish it. `refresh` asks repositories for a newer state of their branches.

    An entry that cannot be had keeps its last version, with the problem in its state. Where nothing changed, nothing
    is written. Raises SettingsError for entries that cannot be, BusyError.
    """
    wanted = _named(settings)
    shown = shown_folder(layout)
    context = Context(settings, layout, progress, echo)
    with locked(layout):
        work = layout.material / ".preparing"
        shutil.rmtree(work, ignore_errors=True)
        ensure_folder(work, mode=0o700)
        try:
            fetching = sources.Fetching(layout.material / "clones", refresh, echo)
            ensure_folder(fetching.clones, mode=0o700)
            with told(work):
                return _Publication(context, shown, work, fetching).run(wanted)
        finally:
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """Hold the hub's material against other commands, with what an interrupted `hand-out` left put right."""
    shown_folder(layout)
    with exclusive(layout.material / ".lock", what=_BUSY, remedy="Wait for its end, then run the command again."):
        for old in layout.handed_out.glob(f".*{OLD}"):
            target = layout.handed_out / old.name.removeprefix(".").removesuffix(OLD)
            with told(old):
                if target.exists():
                    shutil.rmtree(old)
                else:
                    old.rename(target)
        yield


def published(layout: Layout) -> list[dict[str, Any]]:
    """The entries that the participants' servers see now, as in the manifest."""
    document = read_json(layout.material_shown / "manifest.json") or {}
    entries = document.get("entries", [])
    assert isinstance(entries, list)
    return entries


class _Publication:
    def __init__(self, context: Context, shown: Path, work: Path, fetching: sources.Fetching) -> None:
        layout = context.layout
        self.context = context
        self.shown = shown
        self.work = work
        self.fetching = fetching
        self.progress = context.progress
        self.handed_out = layout.handed_out
        self.stamps_file = layout.material / "stamps.json"
        self.manifest = read_json(shown / "manifest.json") or {"entries": [], "folder": ""}
        self.old = {entry["name"]: entry for entry in self.manifest["entries"]}
        self.stamps: dict[str, str] = read_json(self.stamps_file) or {}

    def run(self, wanted: dict[str, Material]) -> tuple[EntryState, ...]:
        states, entries, stamps = [], [], {}
        for name, material in (wanted | self._handed_out(wanted)).items():
            state, entry, stamp = self._prepare(name, material)
            states.append(state)
            if entry is not None:
                entries.append(entry)
            if stamp is not None:
                stamps[name] = stamp
        if entries != self.manifest["entries"]:
            self._publish(entries)
        if stamps != self.stamps:
            write_json(self.stamps_file, stamps, mode=0o600)
        return tuple(states)

    def _handed_out(self, wanted: dict[str, Material]) -> dict[str, Material]:
        if not self.handed_out.is_dir():
            return {}
        found = sorted(path for path in self.handed_out.iterdir() if path.is_dir() and not path.name.startswith("."))
        return {path.name: Material(folder=path, name=path.name) for path in found if path.name not in wanted}

    def _prepare(self, name: str, material: Material) -> tuple[EntryState, dict[str, Any] | None, str | None]:
        old = self.old.get(name)
        try:
            stamp = sources.stamp_of(material) or json.dumps(material.model_dump(mode="json"), sort_keys=True)
            local = material.git is None and material.collection is None
            if old is not None and self.stamps.get(name) == stamp and (local or not self.fetching.refresh):
                return EntryState(name, "unchanged", len(old["files"]), old["version"]), old, stamp
            with self.progress.step(f"material: {name}") as step, told(self.work / name):
                fetching = replace(self.fetching, tell=lambda words: step.update(note=words))
                exported = sources.export(material, self.work / name, fetching)
                self._refuse_patients(name, material)
                entry = {"name": name, "version": exported.version, "files": _describe(self.work / name)}
        except SkrtHubError as problem:
            shutil.rmtree(self.work / name, ignore_errors=True)
            state = EntryState(name, "kept" if old else "missing", len(old["files"]) if old else 0, problem=problem)
            return state, old, None
        if old is not None and entry["files"] == old["files"]:
            shutil.rmtree(self.work / name)
            return EntryState(name, "unchanged", len(old["files"]), exported.version, exported.notes), old, stamp
        state = EntryState(
            name, "changed" if old else "new", len(entry["files"]), exported.version, notes=exported.notes
        )
        return state, entry, stamp

    def _refuse_patients(self, name: str, material: Material) -> None:
        """Collections known by name were looked at by us; what is handed out was looked at before."""
        known = any(given.collection for given in self.context.settings.material if sources.name_of(given) == name)
        if not known and (material.folder is None or self.handed_out not in material.folder.parents):
            guard.refuse_patients(self.context, f"The material {name}", [self.work / name])

    def _publish(self, entries: list[dict[str, Any]]) -> None:
        """The files first, then the manifest that names them; a crash in between leaves a folder nobody reads."""
        digest = hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()[:16]
        folder = f"versions/{digest}"
        new = self.shown / folder
        before = self.shown / self.manifest["folder"] if self.manifest["folder"] else None
        if not new.exists():
            for entry in entries:
                if not (self.work / entry["name"]).exists() and before is not None:
                    # Unchanged files are shared between versions: nobody writes into either.
                    shutil.copytree(before / entry["name"], self.work / entry["name"], copy_function=os.link)
            ensure_folder(new.parent, mode=0o755)
            self.work.chmod(0o755)
            for root, folders, _ in os.walk(self.work):
                for name in folders:
                    Path(root, name).chmod(0o755)
            self.work.rename(new)
            system.sync_folder(new.parent)
        removed = {*self.manifest.get("removed", ()), *self.old} - {entry["name"] for entry in entries}
        document = {"format": _FORMAT, "folder": folder, "entries": entries, "removed": sorted(removed)}
        write_json(self.shown / "manifest.json", document, mode=0o644)
        for old in new.parent.iterdir():
            if old not in (new, before):
                shutil.rmtree(old, ignore_errors=True)


def _named(settings: Settings) -> dict[str, Material]:
    named: dict[str, Material] = {}
    for given in settings.material:
        material = resolve(given)
        name = sources.name_of(given)
        if name in named:
            raise SettingsError(
                f"material: two entries would be placed in the folder {name!r}.",
                remedy="Give one of them another `name` in hub.yaml.",
            )
        named[name] = material
    return named


def resolve(material: Material) -> Material:
    """A collection known by name as the repository that holds it; anything else as it is. Raises SettingsError."""
    if material.collection is None:
        return material
    collections = importlib.import_module("skrt_workspace.collections").COLLECTIONS
    known = collections.get(material.collection)
    if known is None:
        raise SettingsError(
            f"material: there is no collection {material.collection!r}.",
            why=f"Known are: {', '.join(sorted(collections))}.",
        )
    change = {"git": material.git or known.repository, "at": material.at or known.at, "collection": None}
    return material.model_copy(update={**change, "subfolder": material.subfolder or known.folder})


def _describe(folder: Path) -> dict[str, dict[str, Any]]:
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found = path.stat()
        facts: dict[str, Any] = {"sha256": digest_of_file(path), "size": found.st_size}
        if found.st_mode & 0o100:
            facts["executable"] = True
        files[path.relative_to(folder).as_posix()] = facts
    return files
