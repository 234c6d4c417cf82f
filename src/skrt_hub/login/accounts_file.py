"""The file of the accounts, replaced as a whole.

Whoever changes it holds its lock, so that the hub and the commands may both write. A damaged file lets nobody in, and
is left as it is.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # pragma: no cover - not a POSIX system; what needs it runs on none
    fcntl = None  # type: ignore[assignment]


class AccountsDamagedError(RuntimeError):
    """The accounts file cannot be read; nobody is let in, and nothing is overwritten."""


class AccountsFile:
    """The document in the file, read again where the file has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[tuple[int, int, int], dict[str, Any]] | None = None

    def document(self) -> dict[str, Any]:
        """What the file says; nobody has an account where there is none. Raises AccountsDamagedError."""
        try:
            facts = self._file.stat()
        except FileNotFoundError:
            return {"accounts": {}}
        stamp = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        if self._seen is None or self._seen[0] != stamp:
            self._seen = (stamp, self._read())
        return self._seen[1]

    def _read(self) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
            document["accounts"] = {name: dict(entry) for name, entry in document["accounts"].items()}
        except FileNotFoundError:
            return {"accounts": {}}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise AccountsDamagedError(f"{self._file} is damaged: {error}") from None
        return document

    @contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """The document, to be changed by the caller alone, and written at the end. Raises AccountsDamagedError."""
        with self._locked():
            document = self._read()
            yield document
            self._write({**document, "version": 2})

    def _write(self, document: dict[str, Any]) -> None:
        _replace(self._file, json.dumps(document, indent=1, ensure_ascii=False))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _replace(file: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:  # mkstemp makes it 0600
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)
