"""Gathering one file or folder from every home, as at a hand-in."""

from __future__ import annotations

import csv
import io
import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skrt_hub.errors import RefusedError, SpaceError, UsageError
from skrt_hub.files import ensure_folder, write_atomically, write_json
from skrt_hub.homes.access import Home, Homes
from skrt_hub.homes.saving import chosen
from skrt_hub.progress import Progress
from skrt_hub.report import Report, human_size
from skrt_workspace.home.scan import FILE, FOLDER, HARD_LINK, Entry
from skrt_workspace.home.transfer import Step, receive
from skrt_workspace.home.tree import split

MANIFEST = "collected.json"
TABLE = "collected.csv"


@dataclass(frozen=True)
class Collected:
    """What one participant handed in: files and bytes, the newest change, and what was left out."""

    name: str
    folder: str
    files: int
    bytes: int
    changed: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class CollectReport(Report):
    """Who handed in what."""

    path: str
    folder: Path
    homes: tuple[Collected, ...]

    def render(self) -> RenderableType:
        table = Table("participant", "files", "size", "last change", box=None, pad_edge=False)
        for row in self.homes:
            table.add_row(Text(row.name), str(row.files), human_size(row.bytes), row.changed[:19] or "nothing there")
        given = sum(row.files > 0 for row in self.homes)
        last = f"{given} of {len(self.homes)} have {self.path}. It is in {self.folder}, with {MANIFEST} and {TABLE}."
        left_out = [f"{row.name}: left out {', '.join(row.left_out)}" for row in self.homes if row.left_out]
        return Group(table, Text("\n".join((*left_out, last))))


def collect(homes: Homes, path: str, names: list[str], into: Path, progress: Progress) -> CollectReport:
    """Copy `path` out of each home to `into/<participant>/`. Links and devices are left out; no home is changed.

    Raises UsageError for a path that is none, RefusedError where `into` holds something.
    """
    wanted = path.rstrip("/")
    try:
        split(wanted)
    except ValueError:
        raise UsageError(
            f"{path!r} is no path in a home.", remedy="Write it from the home, such as course/a.ipynb."
        ) from None
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise RefusedError(f"{into} holds something already.", remedy="Name a new folder with --to.")
    ensure_folder(into, mode=0o700)
    rows, manifest = [], []
    everyone = chosen(homes.all(), names)
    with progress.step("collecting") as step:
        for number, home in enumerate(everyone, start=1):
            step.update(number, len(everyone), note=home.name)
            row, files = _collect_home(homes, home, wanted, into)
            rows.append(row)
            manifest += files
    write_json(into / MANIFEST, {"path": wanted, "time": datetime.now(UTC).isoformat(), "files": manifest})
    write_atomically(into / TABLE, _table(manifest))
    return CollectReport(wanted, into, tuple(rows))


def _collect_home(homes: Homes, home: Home, wanted: str, into: Path) -> tuple[Collected, list[dict[str, Any]]]:
    entries = [entry for entry in homes.scan(home) if entry.path == wanted or entry.path.startswith(f"{wanted}/")]
    target = into / home.folder
    left_out = [entry.path for entry in entries if entry.kind not in (FILE, FOLDER, HARD_LINK)]
    files: list[dict[str, Any]] = []
    if any(entry.kind in (FILE, HARD_LINK) for entry in entries):
        target.mkdir(mode=0o700)
        for step, entry in _steps(homes, home, wanted, entries, left_out):
            (outcome,) = receive(os.fspath(target), [step])
            if outcome.problem == os.strerror(28):
                raise SpaceError(f"{into} is full.")
            if outcome.problem:
                left_out.append(entry.path)
            elif step.kind == FILE:
                changed = datetime.fromtimestamp(entry.mtime / 1e9, UTC).isoformat()
                facts = {"path": step.path, "sha256": step.digest, "size": entry.size, "changed": changed}
                files.append({"participant": home.name, "folder": home.folder, **facts})
    newest = max((item["changed"] for item in files), default="")
    size = sum(item["size"] for item in files)
    return Collected(home.name, home.folder, len(files), size, newest, tuple(left_out)), files


def _steps(
    homes: Homes, home: Home, wanted: str, entries: list[Entry], left_out: list[str]
) -> Iterator[tuple[Step, Entry]]:
    """Files under the names below the folder that holds `wanted`; a file's content is read once, and hashed so."""
    above = posixpath.dirname(wanted)
    for entry in entries:
        name = entry.path[len(above) + 1 :] if above else entry.path
        if entry.kind == FOLDER:
            yield Step(name, FOLDER, 0o700, entry.mtime), entry
        elif entry.kind in (FILE, HARD_LINK):
            digests = dict(homes.digests(home, [entry.path]))
            digest = digests[entry.path]
            if digest is None:
                left_out.append(entry.path)
                continue
            try:
                with homes.reading(home, entry.path) as file:
                    yield Step(name, FILE, 0o600, entry.mtime, digest=digest, pieces=file.pieces()), entry
            except OSError:
                left_out.append(entry.path)


def _table(manifest: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ("participant", "folder", "path", "size", "changed", "sha256"))
    writer.writeheader()
    writer.writerows({key: _plain(value) for key, value in row.items()} for row in manifest)
    return text.getvalue()


def _plain(value: object) -> object:
    """A cell that a spreadsheet takes for text: names are the participants' own, and could be formulas."""
    if not isinstance(value, str):
        return value
    safe = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return f"'{safe}" if safe[:1] in "=+-@\t\r" else safe
