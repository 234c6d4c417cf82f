"""A whole home as a .zip that is made while it is sent: no copy on the disk, a few megabytes of memory.

Links are not followed; caches and programs' settings are left out.
"""

from __future__ import annotations

import asyncio
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from tornado.iostream import StreamClosedError

from skrt_workspace.home.scan import FILE, FOLDER, HARD_LINK, Entry, scan
from skrt_workspace.home.transfer import reading

_BLOCK = 1024 * 1024
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


async def stream_zip(home: Path, handler: Any) -> None:
    """Send the archive through a tornado handler, waiting for the browser where it is slower than the disk."""
    blocks = zip_blocks(home)
    try:
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            handler.write(block)
            await handler.flush()
    except StreamClosedError:
        return  # the browser went away
    handler.finish()


def zip_blocks(home: Path) -> Iterator[bytes]:
    """The archive in pieces."""
    sink = _Sink()
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1) as archive:
        for entry in scan(str(home)):
            if entry.path.split("/")[0] in _SETTINGS:
                continue
            if entry.kind == FOLDER:
                archive.writestr(_info(entry, "/"), b"")
            elif entry.kind in (FILE, HARD_LINK):
                for _ in _add(archive, home, entry):
                    if sink.waiting >= _BLOCK:
                        yield sink.take()
            if sink.waiting >= _BLOCK:
                yield sink.take()
    yield sink.take()


def _add(archive: zipfile.ZipFile, home: Path, entry: Entry) -> Iterator[None]:
    try:
        with reading(str(home), entry.path) as file:
            info = _info(entry)
            info.file_size = file.facts.size  # tells zipfile whether it needs the large format
            with archive.open(info, "w", force_zip64=file.facts.size > 2**31 - 1) as target:
                for piece in file.pieces():
                    target.write(piece)
                    yield
    except OSError:
        return  # it vanished meanwhile


def _info(entry: Entry, end: str = "") -> zipfile.ZipInfo:
    moment = time.localtime(max(entry.mtime / 1e9, 315_532_800))  # zip knows no time before 1980
    name = entry.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    info = zipfile.ZipInfo(name + end, moment[:6])
    info.external_attr = ((0o040000 if end else 0o100000) | entry.mode) << 16
    packed = Path(entry.path).suffix.lower() in _PACKED
    info.compress_type = zipfile.ZIP_STORED if packed or end else zipfile.ZIP_DEFLATED
    return info
