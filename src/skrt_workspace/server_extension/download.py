"""A home or a folder as a .zip that is made while it is sent: no copy on the disk, a few megabytes of memory.

The one way to pack for every download. One odd file never stops the rest: what cannot be packed (links, pipes, what may
not be read, files of nothing but holes) is named with the reason in a text at the end of the archive.
"""

from __future__ import annotations

import asyncio
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from tornado.iostream import StreamClosedError

from skrt_workspace.home.content import PIECE
from skrt_workspace.home.scan import FOLDER, LEFT_OUT, LINK, Entry, scan
from skrt_workspace.home.transfer import reading

LEFT_OUT_LIST = "not-in-this-archive.txt"
_BLOCK = 1024 * 1024
_LONGEST_NAME = 60_000  # bytes; a zip's names have at most 65535
_WORTH_A_LOOK = 10**9
_FIRST, _LAST = 315_619_200, 4_354_732_800
_SETTINGS = {".cache", ".local", ".ipython", ".jupyter", ".config"}
# Packed already: pressing them again only costs time.
_PACKED = {".gz", ".zip", ".zst", ".png", ".jpg", ".jpeg", ".xz", ".bz2", ".npz", ".mp4"}


class _Sink:
    """A file that only grows: what zipfile writes is taken out and sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data

    @property
    def waiting(self) -> int:
        return sum(len(part) for part in self._parts)


async def stream_zip(folder: Path, handler: Any, *, inside: str = "", whole_home: bool = False) -> None:
    """Send the archive through a tornado handler, waiting for the browser where it is slower than the disk."""
    blocks = zip_blocks(folder, inside=inside, whole_home=whole_home)
    try:
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            handler.write(block)
            await handler.flush()
    except StreamClosedError:
        return  # the browser went away
    handler.finish()


def zip_blocks(folder: Path, *, inside: str = "", whole_home: bool = False) -> Iterator[bytes]:
    """The archive in pieces. inside: a folder in the archive that all is in.

    whole_home: hidden files are packed too, but for programs' own settings and caches.
    """
    sink = _Sink()
    left_out: list[str] = []
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1) as archive:
        for entry in scan(str(folder)):
            if _passed_over(entry, whole_home=whole_home):
                continue
            name = f"{inside}/{entry.path}" if inside else entry.path
            why = _why_not(entry, name)
            if why:
                left_out.append(f"{entry.path}: {why}")
            elif entry.kind == FOLDER:
                archive.writestr(_info(entry, f"{name}/"), b"")
            else:
                for problem in _add(archive, folder, entry, name):
                    left_out += [f"{entry.path}: {problem}"] if problem else []
                    if sink.waiting >= _BLOCK:
                        yield sink.take()
            if sink.waiting >= _BLOCK:
                yield sink.take()
        if left_out:
            text = "\n".join(("These are not in this archive, and why:", *left_out, ""))
            archive.writestr(f"{inside}/{LEFT_OUT_LIST}" if inside else LEFT_OUT_LIST, _printable(text))
    yield sink.take()


def _passed_over(entry: Entry, *, whole_home: bool) -> bool:
    if whole_home:
        return entry.path.split("/")[0] in _SETTINGS
    return any(part.startswith(".") for part in entry.path.split("/"))


def _why_not(entry: Entry, name: str) -> str:
    if entry.kind == LEFT_OUT:
        return entry.target
    if entry.kind == LINK:
        return f"it is a link to {entry.target}"
    return "its path is too long for this kind of archive" if len(os.fsencode(name)) > _LONGEST_NAME else ""


def _add(archive: zipfile.ZipFile, folder: Path, entry: Entry, name: str) -> Iterator[str]:
    """Pack one file, giving back now and then an empty text, or what went wrong."""
    try:
        with reading(str(folder), entry.path) as file:
            if file.facts.size > _WORTH_A_LOOK and file.facts.holes > _WORTH_A_LOOK:
                yield "it is a file of little but holes; copy what is in it into another one"
                return
            info = _info(entry, name)
            info.file_size = file.facts.size  # tells zipfile whether it needs the large format
            with archive.open(info, "w", force_zip64=file.facts.size > 2**31 - 1) as target:
                for piece in file.pieces():
                    target.write(piece if isinstance(piece, bytes) else bytes(piece.pieces * PIECE))
                    yield ""
    except OSError as error:
        yield error.strerror or "it could not be read"


def _info(entry: Entry, name: str) -> zipfile.ZipInfo:
    # zip knows no time before 1980 and none after 2107; a file may claim any
    moment = time.localtime(min(max(entry.mtime / 1e9, _FIRST), _LAST))
    info = zipfile.ZipInfo(_printable(name), moment[:6])
    is_folder = name.endswith("/")
    info.external_attr = ((0o040000 if is_folder else 0o100000) | entry.mode) << 16
    packed = Path(entry.path).suffix.lower() in _PACKED
    info.compress_type = zipfile.ZIP_STORED if packed or is_folder else zipfile.ZIP_DEFLATED
    return info


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
