"""A cohort on the disk: one folder in the home, in it the tasks, the function, and a file for each result or error.

    ~/cohorts/NAME/cohort.json     which tasks there are, in order; replaced in one step
                   work-HASH.pkl   the function, its parameters and the patients, by value
                   results/KEY.json    what one task gave; written once, and never again
                   errors/KEY.json     how one failed, after its last try
                   scratch/            what tasks that run have in work

Everything is found again by reading these files: nothing is kept in the memory of a process alone. What is read may
have been written by anybody who can write here, or be damaged: such a file is passed over, and its task done again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from skrt_workspace.cohort import files

FORMAT = 1
RUN, CANCELLED = "run", "cancelled"
HIDDEN = "."
"""What the name of a folder begins with that is no cohort any more."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_KEY = re.compile(r"[0-9a-f]{32}\Z")
_LONGEST_HEAD = 64 << 20
_HEADS: dict[Path, tuple[tuple[int, int, int], Head]] = {}  # read once, and again when they have been replaced


class CohortError(Exception):
    """Something that cannot be done with a cohort; the message says why, and what to do."""


@dataclass(frozen=True)
class Status:
    """How far a cohort is.

    :ivar state: "running", "waiting" (for a place among those that run), "cancelled" or "finished".
    """

    name: str
    total: int
    done: int
    failed: int
    running: int
    state: str

    def __str__(self) -> str:
        words = [f"{self.name}: {self.done} of {self.total} done"]
        if self.failed:
            words.append(f"{self.failed} failed (cohort.errors({self.name!r}) says why)")
        if self.running:
            words.append(f"{self.running} running")
        return ", ".join([*words, self.state])

    __repr__ = __str__

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("finished", "cancelled")


@dataclass(frozen=True)
class Head:
    """What cohort.json says."""

    name: str
    function: str
    function_hash: str
    created: float
    labels: tuple[str, ...]
    keys: tuple[str, ...]
    work: str
    places: tuple[tuple[int, int], ...]
    state: str = RUN
    folder: str = ""
    path: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    threads: int = 0
    at_once: int = 0
    format: int = FORMAT
    variables: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[tuple[str, ...], ...] = ()
    common_inputs: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, text: bytes) -> Head:
        """Raises ValueError, KeyError or TypeError for what is no such file."""
        told = json.loads(text)
        if told["format"] != FORMAT:
            raise ValueError("it was written by another version")
        for name in ("labels", "keys", "path", "modules"):
            told[name] = tuple(map(str, told[name]))
        told["places"] = tuple((int(start), int(size)) for start, size in told["places"])
        told["inputs"] = tuple(tuple(map(str, item)) for item in told.get("inputs", ()))
        told["common_inputs"] = tuple(map(str, told.get("common_inputs", ())))
        told["variables"] = {str(name): str(value) for name, value in told["variables"].items()}
        head = cls(**told)
        if head.inputs and len(head.inputs) != len(head.keys):
            raise ValueError("its lists do not belong together")
        if not len(head.labels) == len(head.keys) == len(head.places) or not all(map(_KEY.match, head.keys)):
            raise ValueError("its lists do not belong together")
        if not re.fullmatch(r"work-[0-9a-f]{64}\.pkl", head.work):
            raise ValueError("it names no file of the function")
        return head


def home() -> Path:
    """The folder of all cohorts."""
    return Path.home() / "cohorts"


def usable_name(name: str) -> str:
    """Raises CohortError for a name that can be no folder's."""
    if not _NAME.match(name):
        raise CohortError(f"{name!r} cannot be a cohort's name. Use letters, digits, `-`, `_` and `.`, at most 64.")
    return name


class Table:
    """One cohort's folder. `lasting`: what is written is on the disk when it counts as done."""

    def __init__(self, folder: Path, *, lasting: bool = True) -> None:
        self.folder, self._lasting = folder, lasting
        self.results, self.errors = folder / "results", folder / "errors"
        self.scratch = folder / "scratch"

    @property
    def file(self) -> Path:
        return self.folder / "cohort.json"

    def head(self) -> Head:
        """What cohort.json says. Raises CohortError."""
        try:
            found = os.lstat(self.file)
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            known = _HEADS.get(self.file)
            if known is None or known[0] != stamp:
                known = _HEADS[self.file] = stamp, Head.from_json(files.read(self.file, _LONGEST_HEAD))
            return known[1]
        except FileNotFoundError:
            raise CohortError(f"There is no cohort in {self.folder}.") from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CohortError(
                f"{self.file} cannot be read: {error}. Type the cell with cohort.run again: it is written anew, and "
                "what has been done stays."
            ) from None

    def write(self, head: Head) -> None:
        """Replace cohort.json."""
        for folder in (self.results, self.errors, self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        files.write(self.file, json.dumps(asdict(head), indent=1).encode())

    def write_work(self, common: bytes, patients: Sequence[bytes]) -> tuple[str, tuple[tuple[int, int], ...]]:
        """Keep the function and the patients; returns the file's name, and where in it each of them lies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        places, start = [], 0
        for piece in (common, *patients):
            places.append((start, len(piece)))
            start += len(piece)
        if start > files.LONGEST:
            raise CohortError(
                f"The function and the patients take {start / 1e9:.1f} GB. Give the paths of patients instead of their "
                "images, and load them inside the function."
            )
        content = b"".join((common, *patients))
        name = f"work-{hashlib.sha256(content).hexdigest()}.pkl"
        files.write(self.folder / name, content)
        return name, tuple(places[1:])

    def forget_other_work(self, head: Head) -> None:
        """Remove functions and patients of before."""
        for file in self.folder.glob("work-*.pkl"):
            if file.name != head.work:
                file.unlink(missing_ok=True)

    def read_work(self, head: Head) -> memoryview:
        """The file with function and patients. Raises CohortError where it is not what was written."""
        try:
            content = files.read(self.folder / head.work)
        except (OSError, ValueError) as error:
            raise CohortError(f"The function of {head.name} cannot be read: {error}") from None
        if f"work-{hashlib.sha256(content).hexdigest()}.pkl" != head.work:
            raise CohortError(f"The file of {head.name}'s function is damaged. Type the cell with cohort.run again.")
        return memoryview(content)

    def done(self) -> set[str]:
        """The keys with a result."""
        return _keys_in(self.results)

    def failed(self) -> set[str]:
        """The keys with an error."""
        return _keys_in(self.errors)

    def waiting(self, head: Head) -> list[str]:
        """The keys that have neither, in the table's order; each once."""
        over = self.done() | self.failed()
        return [key for key in dict.fromkeys(head.keys) if key not in over]

    def keep_result(self, key: str, value: Any, facts: Mapping[str, Any]) -> bool:
        """Write a task's result, unless there is one already: then that stays. Raises OSError."""
        path = self.results / f"{key}.json"
        if _is_whole(path):
            return False
        told = _told(value)
        check = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        content = json.dumps({**facts, "value": told, "sha256": check}).encode()
        files.write(path, content, lasting=self._lasting)
        return True

    def keep_told(self, kind: str, key: str, text: bytes) -> bool:
        """Write what a task gave elsewhere, as it stands in the table there; False where that is not whole."""
        if kind == "error":
            self.keep_error(key, json.loads(text))
            return True
        if _whole(text) is None:
            return False
        if not _is_whole(self.results / f"{key}.json"):
            files.write(self.results / f"{key}.json", text)
        return True

    def keep_error(self, key: str, facts: Mapping[str, Any]) -> None:
        """Write how a task failed. Raises OSError."""
        files.write(self.errors / f"{key}.json", json.dumps(dict(facts)).encode(), lasting=self._lasting)

    def result(self, key: str) -> dict[str, Any] | None:
        """What was kept of a task, with `value` as the function gave it; None where there is nothing whole."""
        told = _read_result(self.results / f"{key}.json")
        return None if told is None else {**told, "value": _value(told["value"])}

    def error(self, key: str) -> dict[str, Any] | None:
        """How a task failed."""
        try:
            told = json.loads(files.read(self.errors / f"{key}.json"))
        except (OSError, ValueError, RecursionError):
            return None
        return told if isinstance(told, dict) else None

    def forget_damaged(self) -> int:
        """Remove results that are not whole, so that their tasks are done again; returns how many there were."""
        found = [path for path in self.results.glob("*") if _KEY.match(path.stem) and not _is_whole(path)]
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(found)

    def status(self, running: int = 0) -> Status:
        """How far it is, where `running` of its tasks run now. Raises CohortError."""
        head = self.head()
        keys = set(head.keys)
        done, failed = self.done() & keys, (self.failed() - self.done()) & keys
        if len(done) + len(failed) == len(keys):
            state, running = "finished", 0  # what the runner said last may be half a second old
        elif head.state == CANCELLED:
            state = CANCELLED
        else:
            state = "running" if running else "waiting"
        return Status(head.name, len(keys), len(done), len(failed), running, state)


def every() -> list[Table]:
    """All cohorts of this home, in the order in which they were begun; folders that are none are passed over."""
    found = []
    for folder in home().glob("*") if home().is_dir() else []:
        if folder.name.startswith(HIDDEN):
            continue
        table = Table(folder)
        try:
            found.append((table.head().created, table))
        except CohortError:
            continue
    return [table for _, table in sorted(found, key=lambda pair: pair[0])]


def unfinished() -> Iterator[tuple[Table, Head, list[str]]]:
    """The cohorts that have something to do, with the keys of that."""
    for table in every():
        try:
            head = table.head()
        except CohortError:
            continue
        waiting = table.waiting(head) if head.state == RUN else []
        if waiting:
            yield table, head, waiting


def _keys_in(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return set()
    return {name[:-5] for name in names if name.endswith(".json") and _KEY.match(name[:-5])}


def _is_whole(path: Path) -> bool:
    return _read_result(path) is not None


def _read_result(path: Path) -> dict[str, Any] | None:
    try:
        return _whole(files.read(path))
    except (OSError, ValueError):
        return None


def _whole(text: bytes) -> dict[str, Any] | None:
    """What a result's file says, where its checksum says that it is all there."""
    try:
        told: dict[str, Any] = json.loads(text)
        check = hashlib.sha256(json.dumps(told["value"], sort_keys=True).encode()).hexdigest()
        return told if check == told["sha256"] else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _told(value: Any) -> dict[str, Any]:
    """A value for a file: in plain words where it has only such, else as Python packs it."""
    try:
        return {"plain": _plain(value)}
    except TypeError:
        import cloudpickle  # noqa: PLC0415 - most results need none of it

        return {"packed": base64.b64encode(cloudpickle.dumps(value)).decode("ascii")}


def _value(told: Mapping[str, Any]) -> Any:
    if "plain" in told:
        return told["plain"]
    import pickle  # noqa: PLC0415 - the participant's own file, in the participant's own sandbox

    return pickle.loads(base64.b64decode(told["packed"]))  # noqa: S301 - as above


def _plain(value: Any) -> Any:
    """The value in words of JSON, with numpy's numbers as Python's. Raises TypeError where it has others."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
        return [_plain(item) for item in value]
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: _plain(item) for key, item in value.items()}
    if type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _plain(value.item())
    raise TypeError(type(value).__name__)


def now() -> float:
    """The time as it stands in the files."""
    return round(time.time(), 3)
