"""What is to be placed in a home: the bundled examples, and the organiser's material that the hub prepared.

The hub shows its material read-only at `/srv/material`. `manifest.json` there is replaced in one step, and names a
folder below `versions/` that never changes, so a server that reads the old manifest finds the old files.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skrt_workspace.home.tree import digest_of_file, split

MANIFEST = "manifest.json"
NEWER = "SKRT_NEWER_MATERIAL"
"""In a pod: the variable that names the folder for what came since its image was made."""
EXAMPLES_FOLDER = Path(__file__).parent.parent / "examples"
EXAMPLES_NAME = "examples"


def material_folder() -> Path:
    """Where the hub shows its material; only a hub without sandboxes names another place."""
    newer = os.environ.get(NEWER)
    if newer and Path(newer, MANIFEST).is_file():
        return Path(newer)
    return Path(os.environ.get("SKRT_MATERIAL", "/srv/material"))


@dataclass(frozen=True)
class Wanted:
    """One file in its newest version: where it is read, its SHA-256 digest and its size in bytes."""

    source: Path
    digest: str
    size: int
    executable: bool = False


@dataclass(frozen=True)
class Sources:
    """Everything to be placed: home-relative path to file; and the state of the sources, for a cheap comparison.

    folders: those in which the hub decides what there is. What another hub placed elsewhere, and a restored home
    brought along, is none of its business.
    """

    files: dict[str, Wanted]
    stamp: str
    versions: dict[str, str]
    folders: frozenset[str]


def stamp(material: Path, examples: Path = EXAMPLES_FOLDER) -> str:
    """A text that changes when any source does. It reads no file but the manifest's metadata."""
    state = hashlib.sha256()
    for place in (material / MANIFEST, *sorted(_files_below(examples))):
        try:
            found = place.stat()
        except OSError:
            continue
        facts = (os.fspath(place), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        state.update(repr(facts).encode("utf-8", "surrogateescape"))
    return state.hexdigest()


def read_sources(material: Path, examples: Path = EXAMPLES_FOLDER) -> Sources:
    """All that is to be placed. Raises OSError or ValueError where the hub's manifest is unusable."""
    before = stamp(material, examples)
    files: dict[str, Wanted] = {}
    versions: dict[str, str] = {}
    folders = {EXAMPLES_NAME}
    for path in _files_below(examples):
        name = f"{EXAMPLES_NAME}/{path.relative_to(examples).as_posix()}"
        files[name] = Wanted(path, digest_of_file(path), path.stat().st_size, os.access(path, os.X_OK))
    manifest = material / MANIFEST
    if manifest.exists():
        document = json.loads(manifest.read_text(encoding="utf-8"))
        for entry in document["entries"]:
            files |= _entry_files(entry, material / document["folder"])
            versions[entry["name"]] = entry.get("version", "")
        folders |= {*versions, *document.get("removed", ())}
    return Sources(files, before, versions, frozenset(folders))


def _files_below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__"))]
        # A package's own Python file is no material: it only makes the folder part of the package.
        found += [Path(root, name) for name in names if not name.startswith((".", "__"))]
    return found


def _entry_files(entry: dict[str, Any], folder: Path) -> dict[str, Wanted]:
    files = {}
    for path, facts in entry["files"].items():
        name = f"{entry['name']}/{path}"
        split(name)
        source = folder / entry["name"] / path
        files[name] = Wanted(source, facts["sha256"], facts["size"], facts.get("executable", False))
    return files
