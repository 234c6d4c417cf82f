"""What was placed in this home: one JSON file in it, replaced in one step.

It says for each placed file what the participant got, so that an edit can be told from an old version. Where it is
missing or damaged nothing is lost: files that differ then count as edited.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from skrt_workspace import system
from skrt_workspace.home.own_file import read_own
from skrt_workspace.home.tree import split

FOLDER = ".local/share/skrt-workspace"
FILE = "material.json"
_FORMAT = 1
_LONGEST = 1 << 28


@dataclass(frozen=True)
class Action:
    """One change to a home: `place`, `beside` or `remove` of the content `digest` at `path`.

    name: what the material calls the file. replaces: the digest that may be replaced, None where nothing may be there.
    at: for `beside`, the path beside which it lands.
    """

    kind: str
    name: str
    path: str
    digest: str
    replaces: str | None = None
    at: str | None = None


@dataclass
class Placed:
    """One file of the material in this home.

    at: where it stands. placed: digest of the version that was put there last, None if the participant's own file
    stood there first. beside, offered: where the newest version was laid beside an edited file, and its digest.
    """

    at: str
    placed: str | None = None
    beside: str | None = None
    offered: str | None = None

    def is_ours(self, found: object) -> bool:
        """Whether this content came from the material, and not from the participant."""
        return found is not None and found in (self.placed, self.offered)


@dataclass
class Record:
    """All placed files by the name the material gives them, and the stamp of the sources they came from.

    pending: changes that were decided on, and perhaps made before a placement was interrupted.
    """

    files: dict[str, Placed] = field(default_factory=dict)
    stamp: str = ""
    pending: list[Action] = field(default_factory=list)

    def done(self, action: Action) -> None:
        """Take over one change that was made."""
        if action.kind == "remove":
            self._removed(action)
            return
        placed = self.files.setdefault(action.name, Placed(action.at or action.path))
        if action.kind == "place":
            placed.at, placed.placed = action.path, action.digest
        else:
            placed.beside, placed.offered = action.path, action.digest

    def _removed(self, action: Action) -> None:
        placed = self.files.get(action.name)
        if placed is None:
            return
        if action.path == placed.beside:
            placed.beside = placed.offered = None
        elif action.path == placed.at:
            placed.placed = None
            if placed.offered == action.digest:  # the participant had moved the new version over the old one
                placed.beside = placed.offered = None
        if placed.placed is None and placed.offered is None:
            del self.files[action.name]


def read_record(home: Path) -> Record:
    """The home's record; an empty one where there is none that can be understood."""
    try:
        document = json.loads(read_own(home / FOLDER / FILE, _LONGEST))
        if document["format"] != _FORMAT:
            return Record()
        files = {str(name): Placed(**facts) for name, facts in document["files"].items()}
        pending = [Action(**facts) for facts in document["pending"]]
        for path in _paths(files, pending):
            split(path)
        return Record(files, str(document["stamp"]), pending)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Record()


def _paths(files: dict[str, Placed], pending: list[Action]) -> Iterator[str]:
    """Every path in the home that a record names."""
    for placed in files.values():
        yield from (placed.at, *filter(None, (placed.beside,)))
    for action in pending:
        yield from (action.path, *filter(None, (action.at,)))


def write_record(home: Path, record: Record, *, durable: bool) -> None:
    """Replace the home's record. Raises OSError; the old one then stays."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "format": _FORMAT,
        "stamp": record.stamp,
        "files": {name: _without_empty(asdict(placed)) for name, placed in record.files.items()},
        "pending": [_without_empty(asdict(action)) for action in record.pending],
    }
    handle, temporary = tempfile.mkstemp(prefix=f".{FILE}.", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(document, stream, separators=(",", ":"))
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        Path(temporary).replace(folder / FILE)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def locked(home: Path) -> Iterator[bool]:
    """Hold the record's lock; gives False at once where another process of this home has it."""
    (home / FOLDER).mkdir(parents=True, exist_ok=True)
    handle = os.open(home / FOLDER / ".material.lock", os.O_RDWR | os.O_CREAT | system.O_CLOEXEC, 0o600)
    try:
        if not system.lock(handle):
            yield False
            return
        for left in (home / FOLDER).glob(f".{FILE}.*"):
            left.unlink(missing_ok=True)
        yield True
    finally:
        os.close(handle)


def _without_empty(facts: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in facts.items() if value is not None}
