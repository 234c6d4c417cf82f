"""What is known of a fetched set: where it came from, every file's hash, and whether that is still so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.layout import Layout
from skrt_hub.settings.datasets import Dataset
from skrt_workspace.home.tree import digest_of_file

FORMAT = 1
CITATION = "CITATION.txt"
_SOURCE = ("url", "doi", "folder", "s3", "endpoint", "patients")


@dataclass(frozen=True)
class State:
    """What a person is told of a set, and what is known of it."""

    words: str
    record: Mapping[str, Any]


def source_of(entry: Dataset) -> dict[str, Any]:
    """What decides whether a set is the one that hub.yaml means: its source, and nothing that is said of it."""
    facts = entry.model_dump(mode="json", include=set(_SOURCE))
    return {key: value for key, value in facts.items() if value} | ({"known": entry.name} if entry.known else {})


def read(layout: Layout, name: str) -> dict[str, Any]:
    """The record of a set; empty where it is not there as a whole."""
    found = read_json(layout.dataset_record(name))
    if not isinstance(found, dict) or found.get("format") != FORMAT or not layout.dataset(name).is_dir():
        return {}
    return found


def write(layout: Layout, name: str, record: Mapping[str, Any]) -> None:
    ensure_folder(layout.dataset_record(name).parent, mode=0o700)
    write_json(layout.dataset_record(name), record, mode=0o600)


def state_of(layout: Layout, entry: Dataset) -> State:
    """Whether a set is there, on its way, or another one by now."""
    record = read(layout, entry.name)
    if record and record["source"] == source_of(entry):
        if entry.hash and entry.hash != record["hash"] and entry.hash != record["file_hash"]:
            return State("not what `hash` in hub.yaml says", record)
        return State("there", record)
    if layout.dataset_on_its_way(entry.name).exists():
        return State("fetched in part", record)
    return State("hub.yaml names another source by now" if record else "not fetched yet", record)


def first_hash(layout: Layout, source: Mapping[str, Any]) -> str:
    """The hash with which this source was fetched first, also of a set that was removed since; or nothing."""
    return str((read_json(_first(layout)) or {}).get(_mark(source), ""))


def remember(layout: Layout, source: Mapping[str, Any], digest: str) -> None:
    ensure_folder(_first(layout).parent, mode=0o700)
    write_json(_first(layout), {**(read_json(_first(layout)) or {}), _mark(source): digest}, mode=0o600)


def describe(folder: Path, tell: Callable[[int], None] = lambda size: None) -> dict[str, list[Any]]:
    """Each file below a folder: its size and SHA-256. The citation that we put there is not of the set."""
    files: dict[str, list[Any]] = {}
    done = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != CITATION:
            files[name] = [path.stat().st_size, digest_of_file(path)]
            done += files[name][0]
            tell(done)
    return files


def hash_of(files: Mapping[str, list[Any]]) -> str:
    """One hash over names and contents, the same wherever the set lies."""
    lines = "".join(f"{digest}  {name}\n" for name, (_, digest) in sorted(files.items()))
    return f"sha256:{hashlib.sha256(lines.encode('utf-8', 'surrogateescape')).hexdigest()}"


def _first(layout: Layout) -> Path:
    return layout.dataset_record(".first")


def _mark(source: Mapping[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(source.items())).encode()).hexdigest()
