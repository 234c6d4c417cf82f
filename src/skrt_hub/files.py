"""Writing files that matter: whole or not at all, and on the disk before anyone relies on them.

Every room that keeps state uses these functions; nothing else in skrt_hub opens such a file for writing.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skrt_hub.errors import BusyError, PermissionsError, SkrtHubError, SpaceError
from skrt_workspace import system

_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_atomically(path: Path, content: str | bytes | Sequence[bytes], *, mode: int = 0o644) -> None:
    """Write `content` (or its parts) to `path`: readers see the old file or the new one, also after a power loss.

    A temporary file beside the target is written, synced and renamed over it, then the folder is synced
    (rename(2), fsync(2)). Raises SpaceError or PermissionsError, with the old file untouched.
    """
    if isinstance(content, str):
        content = content.encode()
    parts = [content] if isinstance(content, bytes) else content
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            system.set_mode(stream.fileno(), mode)
            stream.writelines(parts)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
        temporary = None
        system.sync_folder(path.parent)
    except OSError as error:
        raise _plain(error, path) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def write_if_changed(path: Path, content: str, *, mode: int = 0o644) -> None:
    """As `write_atomically`, but nothing is written, and no room needed, where the file has this content already."""
    try:
        if path.read_text(encoding="utf-8") == content:
            return
    except (OSError, UnicodeDecodeError):
        pass
    write_atomically(path, content, mode=mode)


def write_json(path: Path, content: Any, *, mode: int = 0o644) -> None:
    """Write `content` as indented JSON, atomically."""
    write_atomically(path, json.dumps(content, indent=2, sort_keys=True) + "\n", mode=mode)


def read_json(path: Path) -> Any | None:
    """The JSON document in `path`, or None where there is no file or no whole document in it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    except OSError as error:
        raise _plain(error, path) from error


def ensure_folder(path: Path, *, mode: int = 0o755) -> None:
    """Make `path` with exactly `mode`, parents with the usual one. Raises PermissionsError or SpaceError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if path.stat().st_mode & 0o7777 != mode:
            path.chmod(mode)
    except OSError as error:
        raise _plain(error, path) from error


@contextmanager
def exclusive(path: Path, *, what: str, remedy: str, shared: bool = False) -> Iterator[None]:
    """Hold a lock on the file `path`, alone or shared (flock(2), released by the system when the process ends).

    Raises BusyError, naming `what`, when another process holds it.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | system.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _plain(error, path) from error
    try:
        if not system.lock(handle, shared=shared):
            raise BusyError(what, why=f"{path} is locked by another process.", remedy=remedy)
        yield
    finally:
        os.close(handle)


@contextmanager
def without_traces(folder: Path) -> Iterator[None]:
    """Where this fails, and `folder` is new with it and holds nothing but empty folders and files, it goes again."""
    there = folder.exists()
    try:
        yield
    except BusyError:  # it is another's
        raise
    except BaseException:
        if not there and not any(path.is_symlink() or _holds_bytes(path) for path in folder.rglob("*")):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _holds_bytes(path: Path) -> bool:
    return not path.is_dir() and (not path.is_file() or path.stat().st_size > 0)


@contextmanager
def waiting_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`, waiting for whoever has it: for changes of some milliseconds."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | system.O_CLOEXEC, 0o600)
    try:
        system.wait_for_lock(handle)
        yield
    finally:
        os.close(handle)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Work on `path` in which an OSError (a full disk, a missing right) becomes an error that a person can act on."""
    try:
        yield
    except OSError as error:
        raise _plain(error, Path(os.fsdecode(error.filename)) if error.filename else path) from error


@contextmanager
def named_with(option: str) -> Iterator[None]:
    """Work on a folder that a person named with `option`: where it may not be used, that option is the remedy."""
    try:
        yield
    except PermissionsError as error:
        remedy = f"Name another folder with {option}, or mend its permissions."
        raise PermissionsError(error.what, why=error.why, remedy=remedy) from error


def _plain(error: OSError, path: Path) -> SkrtHubError:
    if isinstance(error, shutil.Error):  # what shutil.copytree gathered: (from, to, why) for each file
        reasons = [str(reason) for reason in error.args[0]]
        full = any(f"[Errno {number}]" in reason for reason in reasons for number in _FULL)
        error = OSError(errno.ENOSPC if full else errno.EIO, reasons[0] if reasons else "it could not be copied")
    if error.errno in _FULL:
        return SpaceError(
            f"{path} could not be written.",
            why="The disk is full.",
            remedy="Make room on that disk, then run the same command again; nothing was lost.",
        )
    return PermissionsError(
        f"{path} cannot be used.",
        why=f"{error.strerror}.",
        remedy="Choose a folder you may write to with --state DIR, or mend its permissions.",
    )
