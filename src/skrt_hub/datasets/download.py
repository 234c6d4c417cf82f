"""A set's files brought into a folder, several at a time; an interrupted fetch goes on where it was.

files/    whole files, as they were checked
parts/    what is there of the others, with the state that the source gave them
done.jsonl which files are whole, and of which state
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from skrt_hub.datasets.pieces import Piece, Source, hasher
from skrt_hub.errors import CopyError, NetworkError, SpaceError
from skrt_hub.files import ensure_folder, told

_AT_ONCE = 8
_KEPT_FREE = 500 * 10**6
_LEFT_FREE = 200 * 10**6
_TRIES = 4
_CHUNK = 2**20
_DONE = "done.jsonl"


class Download:
    """One set on its way into the folder `work`."""

    def __init__(self, source: Source, work: Path, tell: Callable[[int, int], None]) -> None:
        self._source, self._work, self._tell = source, work, tell
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._arrived = self._total = 0

    def run(self, grows: int = 0) -> tuple[Path, list[Piece]]:
        """Fetch what is missing: the folder with all files, and which they are.

        `grows`: how many times the size of archives is needed beside them. Raises SpaceError before anything is
        fetched, NetworkError and CopyError with what arrived kept.
        """
        for name in ("files", "parts"):
            ensure_folder(self._work / name, mode=0o700)
        pieces = self._source.pieces()
        done = self._done()
        missing = [piece for piece in pieces if done.get(piece.name) != piece.state]
        self._drop_others({piece.name for piece in pieces})
        self._total = sum(max(0, piece.size) for piece in pieces)
        self._arrived = self._total - sum(max(0, piece.size) for piece in missing)
        self._need_room(missing, grows * self._total)
        with told(self._work), ThreadPoolExecutor(_AT_ONCE) as several:
            waiting = [several.submit(self._fetch, piece) for piece in missing]
            try:
                for one in as_completed(waiting):
                    one.result()
            except BaseException:
                self._stop.set()
                for one in waiting:
                    one.cancel()
                raise
        return self._work / "files", pieces

    def _need_room(self, missing: list[Piece], more: int) -> None:
        here = sum(part.stat().st_size for part in (self._work / "parts").iterdir())
        need = max(0, sum(max(0, piece.size) for piece in missing) - here) + more + _KEPT_FREE
        free = shutil.disk_usage(self._work).free
        if need > free:
            raise SpaceError(
                "The set does not fit on the disk.",
                why=f"It needs {need / 10**9:.1f} GB, and {free / 10**9:.1f} GB are free at {self._work}.",
                remedy="Make room, or take fewer (`patients`), then type the same command again.",
            )

    def _fetch(self, piece: Piece) -> None:
        part = self._work / "parts" / hashlib.sha256(piece.name.encode("utf-8", "surrogateescape")).hexdigest()
        for left in reversed(range(_TRIES)):
            if self._stop.is_set():
                return
            try:
                self._read(piece, part)
                break
            except NetworkError:
                if not left or self._stop.wait(1):
                    raise
        if self._stop.is_set():
            return
        self._check(piece, part)
        target = self._work / "files" / piece.name
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)
        _state(part).unlink(missing_ok=True)
        with self._lock:
            note_done(self._work, [piece])

    def _read(self, piece: Piece, part: Path) -> None:
        here = part.stat().st_size if part.exists() and _state(part).exists() else 0
        state = _state(part).read_text(encoding="utf-8") if here else ""
        if here and here == piece.size and state == piece.state:
            return
        with self._source.reading(piece, here, state) as stream:
            _state(part).write_text(stream.state, encoding="utf-8")
            with part.open("r+b" if stream.start else "wb") as target:
                target.truncate(stream.start)
                target.seek(stream.start)
                for chunk in stream.chunks:
                    target.write(chunk)
                    self._stop_a_flood(piece, part, target.tell())
                    with self._lock:
                        self._arrived += len(chunk)
                        self._tell(self._arrived, self._total)
                    if self._stop.is_set():
                        return
                target.flush()
                os.fsync(target.fileno())
        if 0 <= part.stat().st_size < piece.size:
            raise NetworkError(f"{piece.place} ended before its end.", remedy="Type the same command again.")

    def _stop_a_flood(self, piece: Piece, part: Path, here: int) -> None:
        """A source that sends more than it told, or never ends, fills no disk."""
        if 0 <= piece.size < here:
            part.unlink()
            raise CopyError(
                f"{piece.place} is longer than it should be; it was not read to its end.",
                why=f"{piece.size} bytes were told.",
                remedy="Type the same command again. Where that does not help, ask its publisher.",
            )
        if shutil.disk_usage(self._work).free < _LEFT_FREE:
            raise SpaceError(
                f"The disk is nearly full, and {piece.place} goes on.",
                why=f"{here / 10**9:.1f} GB of it are here.",
                remedy="Make room, then type the same command again.",
            )

    def _check(self, piece: Piece, part: Path) -> None:
        size = part.stat().st_size
        if piece.size not in (-1, size):
            why = f"It has {size} bytes, and {piece.size} were told."
        elif piece.digest and (found := _digest(part, piece.digest)) != piece.digest:
            why = f"It must be {piece.digest}, and is {found}."
        else:
            return
        part.unlink()
        raise CopyError(
            f"{piece.place} is not the file that it should be; it was thrown away.",
            why=why,
            remedy="Type the same command again. Where that does not help, ask its publisher, and look at `hash`.",
        )

    def _done(self) -> dict[str, str]:
        try:
            lines = (self._work / _DONE).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        found = {}
        for line in lines:
            try:
                name, state = json.loads(line)
            except ValueError:  # the line that was being written
                continue
            if (self._work / "files" / name).is_file():
                found[name] = state
        return found

    def _drop_others(self, names: set[str]) -> None:
        files = self._work / "files"
        for path in [path for path in files.rglob("*") if path.is_file()]:
            if path.relative_to(files).as_posix() not in names:
                path.unlink()


def note_done(work: Path, pieces: Iterable[Piece]) -> None:
    """Note that these files are whole in `files`, so that no later fetch of the same asks for them."""
    with (work / _DONE).open("a", encoding="utf-8") as stream:
        stream.writelines(json.dumps([piece.name, piece.state]) + "\n" for piece in pieces)


def forget_done(work: Path) -> None:
    """The files have been taken from here."""
    (work / _DONE).unlink()


def _state(part: Path) -> Path:
    return part.with_suffix(".state")


def _digest(path: Path, like: str) -> str:
    computed = hasher(like)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            computed.update(chunk)
    return f"{like.partition(':')[0]}:{computed.hexdigest()}"
