"""The manifest of one home at one time: JSON lines, zstd-compressed.

The first line says whose home and when, each next one an entry with hashes, mode, times and links, the last one how
many there are and the hash of all lines before it: a manifest is whole or is not one. What is read here may come from
a stranger, so every path is checked before anything is done with it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import zstandard

from skrt_hub.errors import CopyError
from skrt_workspace.home.content import PIECE, RUNS
from skrt_workspace.home.scan import FILE, FOLDER, HARD_LINK, LINK, Entry
from skrt_workspace.home.tree import split

FORMAT, WITH_RUNS = 1, 2
"""What is written; the second only where a file has empty pieces, which older skrt-hubs do not know."""
MOST_ENTRIES = 5_000_000
_LARGEST = 4 * 10**9
_BLOCK = 1024 * 1024
_LEVEL = 1  # most of a manifest is hashes, which no level makes smaller
_KINDS = frozenset((FILE, FOLDER, LINK, HARD_LINK))
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Saved:
    """One entry of a saved home. digest: the whole file's (skrt_workspace.home.content); pieces: SHA-256 of its pieces.

    runs: where some are empty, how many pieces are there and how many are not, in turn; `pieces` has the first kind.
    line: how it stands in the manifest that it was read from, to be written again as it is.
    """

    entry: Entry
    digest: str = ""
    pieces: tuple[bytes, ...] = ()
    line: str = field(default="", compare=False, repr=False)
    runs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Head:
    """Whose home, and when. `folder` is the home folder's name, `time` ISO 8601 in UTC."""

    name: str
    folder: str
    time: str
    hub: str = ""
    format: int = FORMAT


def write(head: Head, entries: Iterable[Saved]) -> bytes:
    """The manifest as it is put."""
    all_entries = list(entries)
    kind = WITH_RUNS if any(saved.runs for saved in all_entries) else FORMAT
    return _written(_lines(replace(head, format=kind), all_entries))


def again(head: Head, data: bytes) -> bytes:
    """The manifest of a home that is as it was when `data` was written. Raises CopyError where that is damaged."""
    old, new = hashlib.sha256(), hashlib.sha256()
    first = _first_line(replace(head, format=read_head(data).format)).encode("ascii")
    new.update(first)
    packer = _packer()
    parts = [packer.compress(first)]
    count, held, begun = 0, b"", False
    for block in _raw_blocks(data):
        lines = held + block
        if not begun:
            line, end, lines = lines.partition(b"\n")
            old.update(line + end)
            begun = True
        cut = lines.rfind(b"\n", 0, -1) + 1  # the last line of all says how many there are, and is not kept
        body, held = lines[:cut], lines[cut:]
        old.update(body)
        new.update(body)
        parts.append(packer.compress(body))
        count += body.count(b"\n")
    _check_end(held, count, old.hexdigest())
    return b"".join((*parts, packer.compress(_end(count, new.hexdigest())), packer.flush()))


def _written(lines: Iterable[str]) -> bytes:
    state = hashlib.sha256()
    parts = []
    packer = _packer()
    count = 0
    given = iter(lines)
    while some := list(itertools.islice(given, 1000)):
        block = "".join(some).encode("ascii")
        state.update(block)
        parts.append(packer.compress(block))
        count += len(some)
    return b"".join((*parts, packer.compress(_end(count - 1, state.hexdigest())), packer.flush()))


def _packer() -> zstandard.ZstdCompressionObj:
    return zstandard.ZstdCompressor(level=_LEVEL).compressobj()


def _end(count: int, digest: str) -> bytes:
    return _line({"end": count, "sha256": digest}).encode("ascii")


def read_head(data: bytes) -> Head:
    """Only the first line. Raises CopyError."""
    with zstandard.ZstdDecompressor().stream_reader(data) as stream:
        try:
            return _head(json.loads(stream.read(65536).split(b"\n", 1)[0]))
        except (ValueError, zstandard.ZstdError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(str(error)) from None


def read(data: bytes) -> tuple[Head, list[Saved]]:
    """A whole manifest, checked. Raises CopyError where it is damaged, cut, or asks for something hostile."""
    head, saved = _read(data, keep_lines=False)
    _check_paths(saved)
    return head, saved


def by_path(data: bytes) -> dict[str, Saved]:
    """What a manifest has, to tell what changed since; with the lines, and without a check of the paths."""
    return {item.entry.path: item for item in _read(data, keep_lines=True)[1]}


def _read(data: bytes, *, keep_lines: bool) -> tuple[Head, list[Saved]]:
    lines = _checked_lines(data)
    try:
        head = _head(_facts(next(lines)))
        return head, [_saved(_facts(line), line if keep_lines else "") for line in lines]
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise _damaged(str(error)) from None


def _facts(line: str) -> Any:
    facts, end = _decode(line)
    if end != len(line) - 1:
        raise ValueError("a line has more than one entry")
    return facts


def _lines(head: Head, entries: Iterable[Saved]) -> Iterator[str]:
    yield _first_line(head)
    for saved in entries:
        if saved.line:
            yield saved.line
            continue
        entry = saved.entry
        facts: dict[str, Any] = {"path": entry.path, "kind": entry.kind, "mode": entry.mode, "mtime": entry.mtime}
        if entry.kind == FILE:
            facts |= {"size": entry.size, "sha256": saved.digest, "ctime": entry.ctime, "inode": entry.inode}
            if saved.runs:
                facts["runs"] = saved.runs
            if len(saved.pieces) != 1 or saved.runs:
                facts["pieces"] = [piece.hex() for piece in saved.pieces]
        elif entry.target:
            facts["target"] = entry.target
        yield _line(facts)


def _first_line(head: Head) -> str:
    return _line({"format": head.format, **vars(head)})


def _line(facts: dict[str, Any]) -> str:
    return json.dumps(facts, separators=(",", ":")) + "\n"


def _checked_lines(data: bytes) -> Iterator[str]:
    """All lines but the last, which must agree with them."""
    state = hashlib.sha256()
    count = 0
    last = ""
    for lines in _blocks(data):
        if last:
            lines.insert(0, last)
        last = lines.pop()
        state.update("".join(lines).encode("ascii"))
        count += len(lines)
        if count > MOST_ENTRIES:
            raise _damaged("it has too many entries")
        yield from lines
    _check_end(last, count - 1, state.hexdigest())


def _check_end(line: str | bytes, count: int, digest: str) -> None:
    try:
        end = json.loads(line or "{}")
        whole = end["end"] == count and end["sha256"] == digest
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise _damaged("its end is missing, or does not agree with the rest")


def _blocks(data: bytes) -> Iterator[list[str]]:
    """The lines, many at a time; no list is empty."""
    try:
        for block in _raw_blocks(data):
            yield [line + "\n" for line in block[:-1].decode("ascii").split("\n")]
    except UnicodeDecodeError as error:
        raise _damaged(str(error)) from None


def _raw_blocks(data: bytes) -> Iterator[bytes]:
    """Some whole lines at a time, never none."""
    rest = b""
    total = 0
    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as stream:
            while block := stream.read(_BLOCK):
                total += len(block)
                if total > _LARGEST:
                    raise _damaged("it is too large")
                whole, end, rest = (rest + block).rpartition(b"\n")
                if end:
                    yield whole + end
    except zstandard.ZstdError as error:
        raise _damaged(str(error)) from None
    if rest:
        raise _damaged("it is cut short")


def _head(facts: Any) -> Head:
    if facts["format"] not in (FORMAT, WITH_RUNS):
        raise CopyError("A saved copy is of a kind that this skrt-hub does not know.", remedy="Use a newer skrt-hub.")
    return Head(str(facts["name"]), str(facts["folder"]), str(facts["time"]), str(facts["hub"]), int(facts["format"]))


def _saved(facts: Any, line: str) -> Saved:
    kind = facts["kind"]
    path, mode = str(facts["path"]), int(facts["mode"])
    if kind not in _KINDS:
        raise _hostile(path, "is neither file, folder nor link")
    if mode & ~0o1777:
        raise _hostile(path, "would run as another user")
    if kind != FILE:
        return Saved(Entry(path, kind, mode, 0, int(facts["mtime"]), target=str(facts.get("target", ""))), line=line)
    size, digest = int(facts["size"]), str(facts["sha256"])
    pieces = tuple(map(_digest, facts["pieces"])) if "pieces" in facts else (_digest(digest),)
    _digest(digest.removeprefix(RUNS))
    runs = tuple(map(int, facts.get("runs", ())))
    there = sum(runs[::2]) if runs else len(pieces)
    if size < 0 or min(runs, default=0) < 0 or len(pieces) != there:
        raise _damaged(f"{path!r} has another number of pieces than it says")
    if there + sum(runs[1::2]) != max(1, -(-size // PIECE)):
        raise _damaged(f"{path!r} has another size than its pieces")
    entry = Entry(path, FILE, mode, size, int(facts["mtime"]), int(facts["ctime"]), int(facts["inode"]))
    return Saved(entry, digest, pieces, line, runs)


def _digest(text: str) -> bytes:
    """The hash that `text` writes. Raises ValueError for anything but 64 hex digits."""
    digest = bytes.fromhex(text)
    if len(digest) != 32 or len(text) != 64:
        raise ValueError(f"{text!r} is no hash")
    return digest


def _check_paths(saved: list[Saved]) -> None:
    """Every path plain, given once, and below folders only; hard links only to files of this home."""
    kinds: dict[str, str] = {}
    for item in saved:
        path = item.entry.path
        try:
            split(path)
        except ValueError:
            raise _hostile(path, "leads out of the home") from None
        if path in kinds:
            raise _hostile(path, "is given twice")
        parent = posixpath.dirname(path)
        if parent and kinds.get(parent) != FOLDER:
            raise _hostile(path, "lies below something that is no folder")
        if item.entry.kind == HARD_LINK and kinds.get(item.entry.target) != FILE:
            raise _hostile(path, "is a second name of something that is no file of this home")
        if item.entry.kind == LINK and (not item.entry.target or "\0" in item.entry.target):
            raise _hostile(path, "is a link to nothing")
        kinds[path] = item.entry.kind


def _damaged(why: str) -> CopyError:
    return CopyError(
        "A saved copy is damaged.",
        why=f"A manifest: {why}.",
        remedy="Restore from an earlier one (--at), or elsewhere.",
    )


def _hostile(path: str, why: str) -> CopyError:
    return CopyError(
        "A saved copy was refused.",
        why=f"In its manifest, {path!r} {why}.",
        remedy="It was not made by `skrt-hub save`, or somebody changed it. Nothing was restored.",
    )
