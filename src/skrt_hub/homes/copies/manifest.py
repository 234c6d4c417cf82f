"""The manifest of one home at one time: JSON lines, zstd-compressed.

The first line says whose home and when, each next one an entry with hashes, mode, times and links, the last one how
many there are and the hash of all lines before it: a manifest is whole or is not one. What is read here may come from
a stranger, so every path is checked before anything is done with it.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import zstandard

from skrt_hub.errors import CopyError
from skrt_hub.homes.copies.packs import PIECE
from skrt_workspace.home.scan import FILE, FOLDER, HARD_LINK, LINK, Entry
from skrt_workspace.home.tree import split

FORMAT = 1
MOST_ENTRIES = 5_000_000
_LARGEST = 4 * 10**9
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Saved:
    """One entry of a saved home. digest: SHA-256 of the whole file; pieces: those of its pieces, in order."""

    entry: Entry
    digest: str = ""
    pieces: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Head:
    """Whose home, and when. `folder` is the home folder's name, `time` ISO 8601 in UTC."""

    name: str
    folder: str
    time: str
    hub: str = ""


def write(head: Head, entries: Iterable[Saved]) -> bytes:
    """The manifest as it is put."""
    state = hashlib.sha256()
    parts = []
    packer = zstandard.ZstdCompressor(level=3).compressobj()
    count = 0
    for line in _lines(head, entries):
        state.update(line)
        parts.append(packer.compress(line))
        count += 1
    parts.append(packer.compress(_line({"end": count - 1, "sha256": state.hexdigest()})))
    parts.append(packer.flush())
    return b"".join(parts)


def read_head(data: bytes) -> Head:
    """Only the first line. Raises CopyError."""
    with zstandard.ZstdDecompressor().stream_reader(data) as stream:
        try:
            return _head(json.loads(stream.read(65536).split(b"\n", 1)[0]))
        except (ValueError, zstandard.ZstdError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(str(error)) from None


def read(data: bytes) -> tuple[Head, list[Saved]]:
    """A whole manifest, checked. Raises CopyError where it is damaged, cut, or asks for something hostile."""
    lines = _checked_lines(data)
    try:
        head = _head(json.loads(next(lines)))
        saved = [_saved(json.loads(line)) for line in lines]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(str(error)) from None
    _check_paths(saved)
    return head, saved


def _lines(head: Head, entries: Iterable[Saved]) -> Iterator[bytes]:
    yield _line({"format": FORMAT, **vars(head)})
    for saved in entries:
        entry = saved.entry
        facts: dict[str, Any] = {"path": entry.path, "kind": entry.kind, "mode": entry.mode, "mtime": entry.mtime}
        if entry.kind == FILE:
            facts |= {"size": entry.size, "sha256": saved.digest, "ctime": entry.ctime, "inode": entry.inode}
            if len(saved.pieces) != 1:
                facts["pieces"] = [piece.hex() for piece in saved.pieces]
        elif entry.target:
            facts["target"] = entry.target
        yield _line(facts)


def _line(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode("ascii") + b"\n"


def _checked_lines(data: bytes) -> Iterator[bytes]:
    """All lines but the last, which must agree with them."""
    state = hashlib.sha256()
    count = 0
    before: bytes | None = None
    for line in _split_lines(data):
        if before is not None:
            state.update(before)
            yield before
            count += 1
        if count > MOST_ENTRIES:
            raise _damaged("it has too many entries")
        before = line
    try:
        end = json.loads(before or b"{}")
        whole = end["end"] == count - 1 and end["sha256"] == state.hexdigest()
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise _damaged("its end is missing, or does not agree with the rest")


def _split_lines(data: bytes) -> Iterator[bytes]:
    rest = b""
    total = 0
    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as stream:
            while block := stream.read(1024 * 1024):
                total += len(block)
                if total > _LARGEST:
                    raise _damaged("it is too large")
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    yield line + b"\n"
    except zstandard.ZstdError as error:
        raise _damaged(str(error)) from None
    if rest:
        raise _damaged("it is cut short")


def _head(facts: Any) -> Head:
    if facts["format"] != FORMAT:
        raise CopyError("A saved copy is of a kind that this skrt-hub does not know.", remedy="Use a newer skrt-hub.")
    return Head(str(facts["name"]), str(facts["folder"]), str(facts["time"]), str(facts["hub"]))


def _saved(facts: Any) -> Saved:
    kind = facts["kind"]
    path, mode = str(facts["path"]), int(facts["mode"])
    if kind not in (FILE, FOLDER, LINK, HARD_LINK):
        raise _hostile(path, "is neither file, folder nor link")
    if mode & ~0o1777:
        raise _hostile(path, "would run as another user")
    if kind != FILE:
        return Saved(Entry(path, kind, mode, 0, int(facts["mtime"]), target=str(facts.get("target", ""))))
    size, digest = int(facts["size"]), str(facts["sha256"])
    given = facts.get("pieces", [digest])
    if not _DIGEST.fullmatch(digest) or not all(_DIGEST.fullmatch(piece) for piece in given):
        raise _damaged(f"{path!r} has no hash")
    if len(given) != max(1, -(-size // PIECE)) or size < 0:
        raise _damaged(f"{path!r} has another size than its pieces")
    entry = Entry(path, FILE, mode, size, int(facts["mtime"]), int(facts["ctime"]), int(facts["inode"]))
    return Saved(entry, digest, tuple(bytes.fromhex(piece) for piece in given))


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
