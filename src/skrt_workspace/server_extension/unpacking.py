"""An archive unpacked beside itself, from JupyterLab's menu: who packed it writes nothing that its owner cannot see.

Archives come from others. Only files and folders are taken, below the folder that the archive is in. Hidden ones are
left out as everywhere in the page: among them are the files that run when a terminal, a kernel or the server starts.
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

ENDINGS = (".zip", ".tgz", ".tar.gz", ".tbz", ".tbz2", ".tar.bz", ".tar.bz2", ".txz", ".tar.xz")
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, UnicodeError, ValueError)
Member = tuple[list[str], bool, bool, Any]
"""The parts of its path, whether it is a folder, whether its owner may run it, and how the archive knows it."""


class UnpackError(Exception):
    """The archive cannot be unpacked; the text says why."""


def unpack(archive: Path, *, hidden: bool = False) -> int:
    """Unpack it; how many files came. What has the same name is replaced. Raises UnpackError."""
    try:
        if archive.name.lower().endswith(".zip"):
            with zipfile.ZipFile(archive) as opened:
                return _write(_in_zip(opened), opened.open, archive.parent, hidden=hidden)
        if not archive.name.lower().endswith(ENDINGS):
            raise UnpackError(f"{archive.name} is no archive that can be unpacked here.")
        with tarfile.open(archive) as tar:
            return _write(_in_tar(tar), lambda member: _stream(tar, member), archive.parent, hidden=hidden)
    except _BROKEN as error:
        raise UnpackError(f"{archive.name} is damaged, or no archive: {error}") from None
    except OSError as error:
        raise UnpackError(f"{archive.name} could not be unpacked: {error.strerror or error}") from None


def _in_zip(opened: zipfile.ZipFile) -> Iterator[Member]:
    for info in opened.infolist():
        mode = info.external_attr >> 16
        if (mode & 0o170000) in (0, 0o100000, 0o040000):
            yield info.filename.split("/"), info.is_dir(), bool(mode & 0o100), info


def _in_tar(tar: tarfile.TarFile) -> Iterator[Member]:
    for info in tar:
        if info.isreg() or info.isdir():
            yield info.name.split("/"), info.isdir(), bool(info.mode & 0o100), info


def _stream(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(info)
    assert stream is not None
    return stream


def _write(members: Iterator[Member], open_member: Callable[[Any], IO[bytes]], folder: Path, *, hidden: bool) -> int:
    count = 0
    for parts, is_folder, runs, source in members:
        plain = [part for part in parts if part not in ("", ".")]
        if parts[0] == "" or ".." in plain:
            raise UnpackError(f"It would write {'/'.join(parts)!r}, outside of its folder. Nothing more was unpacked.")
        if not plain or (not hidden and any(part.startswith(".") for part in plain)):
            continue
        target = folder.joinpath(*plain)
        if is_folder:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()  # what it leads to is another file
        with open_member(source) as content, target.open("wb") as new:
            shutil.copyfileobj(content, new, 1 << 20)
        if runs:
            target.chmod(target.stat().st_mode | 0o100)
        count += 1
    return count
