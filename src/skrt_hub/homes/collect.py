"""Gathering one file or folder from every home, as at a hand-in. All of it is written, or nothing."""

from __future__ import annotations

import contextlib
import csv
import difflib
import errno
import io
import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skrt_hub.errors import RefusedError, SpaceError, UsageError
from skrt_hub.files import ensure_folder, named_with, told, write_atomically, write_json
from skrt_hub.homes.access import Home, Homes, of_people
from skrt_hub.homes.placed import given_to
from skrt_hub.homes.selection import chosen
from skrt_hub.hub.names import short_folders
from skrt_hub.login.names import order
from skrt_hub.progress import Progress
from skrt_hub.report import Report, human_size, human_time, some_of
from skrt_workspace.home.scan import FILE, FOLDER, HARD_LINK, Entry
from skrt_workspace.home.transfer import Step, receive
from skrt_workspace.home.tree import split
from skrt_workspace.home.walk import remove_tree

MANIFEST = "collected.json"
TABLE = "collected.csv"
_NAMED = 3
_DEEPEST = 200
"""Folders in one another below what is collected."""
_UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class Collected:
    """What one participant handed in: files and bytes, the newest change, and what was left out.

    as_given: how many of the files are still the material's. at_home: whether there is a home to hand in from.
    """

    name: str
    folder: str = ""
    files: int = 0
    as_given: int = 0
    bytes: int = 0
    changed: str = ""
    left_out: tuple[str, ...] = ()
    at_home: bool = True

    @property
    def last_change(self) -> str:
        """In words."""
        return human_time(self.changed) or self.why_nothing

    @property
    def why_nothing(self) -> str:
        """Why there is no file, in words."""
        if self.left_out:
            return "left out"
        return "nothing there" if self.at_home else "never logged in"


@dataclass(frozen=True)
class CollectReport(Report):
    """Who handed in what."""

    path: str
    folder: Path
    homes: tuple[Collected, ...]

    def render(self) -> RenderableType:
        table = Table("participant", "files", "as given", "size", "last change", box=None, pad_edge=False)
        for row in self.homes:
            table.add_row(Text(row.name), str(row.files), str(row.as_given), human_size(row.bytes), row.last_change)
        given = [row for row in self.homes if row.files]
        lines = [line for row in self.homes for line in some_of(f"{row.name}: left out", row.left_out)]
        lines.append(f"{len(given)} of {len(self.homes)} have {self.path}.")
        if untouched := [row.name for row in given if row.as_given == row.files]:
            lines.append(f"Nothing was changed in it by {', '.join(untouched)}.")
        lines.append(f"It is in {self.folder}, with {MANIFEST} and {TABLE}.")
        return Group(table, Text("\n".join(lines)))


def collect(
    homes: Homes,
    path: str,
    names: list[str],
    into: Path,
    progress: Progress,
    *,
    listed: Sequence[str] = (),
    admins: Sequence[str] = (),
) -> CollectReport:
    """Copy `path` out of each home to `into/<participant>/`. Links and devices are left out; no home is changed.

    `listed` are the names that hub.yaml lists: who of them has no home yet is told, too, and of `admins` who is named.
    Raises UsageError for a path that is none or that nobody has, RefusedError where `into` holds something, SpaceError;
    nothing is left then.
    """
    wanted = path.rstrip("/")
    try:
        split(wanted)
    except ValueError:
        raise UsageError(
            f"{path!r} is no path in a home.", remedy="Write it from the home, such as course/a.ipynb."
        ) from None
    _ensure_new_or_empty(into)
    everyone = of_people(homes)
    with_home = {home.name for home in everyone}
    missing = [name for name in (names or listed) if name in (*listed, *admins) and name not in with_home]
    wanted_names = [name for name in names if name not in missing]
    here = chosen(everyone, wanted_names) if wanted_names or not names else []
    with _all_or_nothing(into) as unfinished:
        # By the names of all, so that a group is collected into the same folders as the class.
        called = short_folders(home.folder for home in everyone)
        rows, files = _collect_homes(homes, {home: called[home.folder] for home in here}, wanted, unfinished, progress)
        absent = [Collected(name, at_home=False) for name in missing]
        report = CollectReport(wanted, into, tuple(sorted((*rows, *absent), key=lambda row: order(row.name))))
        _describe(report, files, unfinished)
    return report


def _ensure_new_or_empty(into: Path) -> None:
    """Raise RefusedError where `into` holds something, PermissionsError where nobody can tell."""
    with named_with("--to"), told(into):
        if into.exists() and not into.is_dir():
            raise RefusedError(f"{into} is a file.", remedy="Name a new folder with --to.")
        if into.exists() and any(path.name != _UNFINISHED for path in into.iterdir()):
            raise RefusedError(f"{into} holds something already.", remedy="Name a new folder with --to.")


@contextlib.contextmanager
def _all_or_nothing(into: Path) -> Iterator[Path]:
    """A folder to write into, whose contents end up in `into`; where that fails, `into` is as it was before."""
    unfinished = into / _UNFINISHED
    is_new = not into.exists()
    try:
        with named_with("--to"):
            if is_new:
                ensure_folder(into, mode=0o700)
            _clear(unfinished)  # of one that was killed
            ensure_folder(unfinished, mode=0o700)
        yield unfinished
        for path in sorted(unfinished.iterdir(), key=lambda path: path.name == MANIFEST):
            path.replace(into / path.name)
        unfinished.rmdir()
    except BaseException:
        _clear(into if is_new else unfinished)
        raise


def _clear(folder: Path) -> None:
    """Remove it, however deep it is: folders of a home may lie in one another by the thousand."""
    if os.path.lexists(folder):
        remove_tree(folder)


def _collect_homes(
    homes: Homes, everyone: dict[Home, str], wanted: str, into: Path, progress: Progress
) -> tuple[list[Collected], list[dict[str, Any]]]:
    rows: list[Collected] = []
    manifest: list[dict[str, Any]] = []
    others: set[str] = set()
    with progress.step("collecting") as step:
        for number, (home, called) in enumerate(everyone.items(), start=1):
            step.update(number, len(everyone), note=home.name)
            found = list(homes.scan(home))
            others.update(entry.path for entry in found if not entry.path.startswith("."))
            row, files = _collect_home(homes, home, wanted, found, into / called)
            rows.append(row)
            manifest += files
    if not any(row.files or row.left_out for row in rows):
        raise UsageError(f"Nobody has {wanted}.", why=_near(wanted, others), remedy="Nothing was written.")
    return rows, manifest


def _describe(report: CollectReport, files: list[dict[str, Any]], into: Path) -> None:
    """Write down what came, and who has nothing: for programs, and for a spreadsheet."""
    without = [{"participant": row.name, "why": row.why_nothing} for row in report.homes if not row.files]
    document = {"path": report.path, "time": datetime.now(UTC).isoformat(), "files": files, "without": without}
    write_json(into / MANIFEST, document)
    # With a mark at its beginning: without one, Excel takes the text for that of an old code page.
    write_atomically(into / TABLE, _table(files, without).encode("utf-8-sig"))


def _near(wanted: str, others: Iterable[str]) -> str:
    """What the organiser may have meant."""
    same_name = sorted(path for path in others if posixpath.basename(path) == posixpath.basename(wanted))
    near = same_name[:_NAMED] or difflib.get_close_matches(wanted, sorted(others), _NAMED)
    return f"There is {', '.join(near)}." if near else "A path starts at the home, such as course/a.ipynb."


def _collect_home(
    homes: Homes, home: Home, wanted: str, found: list[Entry], target: Path
) -> tuple[Collected, list[dict[str, Any]]]:
    entries = [entry for entry in found if entry.path == wanted or entry.path.startswith(f"{wanted}/")]
    # Each step of the way down costs as much as the way to it: one home of folders in folders would hold up the class.
    left_out = [entry.path for entry in entries if _depth(entry, wanted) == _DEEPEST]
    entries = [entry for entry in entries if _depth(entry, wanted) < _DEEPEST]
    left_out += [entry.path for entry in entries if entry.kind not in (FILE, FOLDER, HARD_LINK)]
    files: list[dict[str, Any]] = []
    if any(entry.kind in (FILE, HARD_LINK) for entry in entries):
        given = given_to(homes, home)
        target.mkdir(mode=0o700)
        for step, entry in _steps(homes, home, wanted, entries, left_out):
            (outcome,) = receive(os.fspath(target), [step])
            if outcome.problem == os.strerror(errno.ENOSPC):
                raise SpaceError(
                    f"There is no space left for {entry.path} of {home.name}.",
                    remedy="Name a folder on another disk with --to.",
                )
            if outcome.problem:
                left_out.append(entry.path)
            elif step.kind == FILE:
                changed = datetime.fromtimestamp(entry.mtime / 1e9, UTC).isoformat()
                facts = {"path": step.path, "sha256": step.digest, "size": entry.size, "changed": changed}
                as_given = step.digest in given.get(entry.path, ())
                files.append({"participant": home.name, "folder": target.name, **facts, "as_given": as_given})
    newest = max((item["changed"] for item in files), default="")
    size = sum(item["size"] for item in files)
    untouched = sum(item["as_given"] for item in files)
    return Collected(home.name, target.name, len(files), untouched, size, newest, tuple(left_out)), files


def _depth(entry: Entry, wanted: str) -> int:
    return entry.path.count("/") - wanted.count("/")


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


def _table(files: list[dict[str, Any]], without: list[dict[str, Any]]) -> str:
    """A line for each file, and one for everybody who has none, with the reason in its last column."""
    text = io.StringIO()
    columns = ("participant", "folder", "path", "size", "changed", "as_given", "sha256", "why")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    rows = sorted((*files, *without), key=lambda row: order(str(row["participant"])))
    writer.writerows({key: _plain(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _plain(value: object) -> object:
    """A cell that a spreadsheet takes for text: names are the participants' own, and could be formulas."""
    if not isinstance(value, str):
        return value
    safe = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return f"'{safe}" if safe[:1] in "=+-@\t\r" else safe
