"""Sets in S3-compatible storage, known ones among them, and in folders of this machine."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError, PreconditionError
from obstore.store import S3Store

from skrt_hub.datasets.known import Known, Series
from skrt_hub.datasets.pieces import FIRST, STORAGE, Piece, Stream, safe
from skrt_hub.errors import CopyError, NetworkError, SettingsError
from skrt_hub.settings.datasets import Dataset
from skrt_hub.snapshots.s3 import open_store

_CHUNK = 2**20
_AT_ONCE = 8
_REMEDY = "Check the place, the keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and the network, then type it again."
_AWS = "https://s3.us-east-1.amazonaws.com"
ADDRESS = "SKRT_HUB_IDC_ADDRESS"
"""A variable that names another storage with the buckets of the Imaging Data Commons, such as a copy in one's house."""


class _InStorage:
    """What is read from a bucket."""

    vouches = STORAGE
    _store: S3Store
    _label: str

    def reading(self, piece: Piece, start: int, state: str) -> AbstractContextManager[Stream]:
        return _from_store(self._store, piece, start, self._label)


class Bucket(_InStorage):
    """A folder in a bucket."""

    def __init__(self, entry: Dataset) -> None:
        bucket, _, self._folder = entry.s3.removeprefix("s3://").strip("/").partition("/")
        self._label = entry.s3
        self._store = open_store(bucket, "", entry.credentials, endpoint=entry.endpoint, anonymous=entry.anonymous)

    def pieces(self) -> list[Piece]:
        start = f"{self._folder}/" if self._folder else ""
        return safe(
            [
                _piece(item, item["path"].removeprefix(start))
                for item in _listed(self._store, self._folder, self._label)
            ],
            self._label,
        )


class Commons(_InStorage):
    """A known set, whose folders are named by its list of series."""

    def __init__(self, known: Known, patients: int) -> None:
        self._known, self._series = known, known.series(patients)
        self._label = f"s3://{known.bucket}"
        self._store = open_store(
            known.bucket, "", None, endpoint=os.environ.get(ADDRESS) or _AWS, anonymous=True, region="us-east-1"
        )

    def pieces(self) -> list[Piece]:
        """Files lie by patient and kind: LCTSC-Test-S1-101/CT-1/0001.dcm. Raises CopyError where some are missing."""
        counted: Counter[tuple[str, str]] = Counter()
        names = {}
        for one in self._series:
            counted[one.patient, one.modality] += 1
            names[one.folder] = f"{one.patient}/{one.modality}-{counted[one.patient, one.modality]}"
        with ThreadPoolExecutor(_AT_ONCE) as several:
            found = several.map(self._of_series, self._series)
            return safe(
                [
                    _piece(item, f"{names[one.folder]}/{item['path'].rpartition('/')[2]}")
                    for one, items in zip(self._series, found, strict=True)
                    for item in items
                ],
                self._label,
            )

    def _of_series(self, one: Series) -> list[Any]:
        items = _listed(self._store, one.folder, f"{self._label}/{one.folder}")
        if len(items) != one.files:
            raise CopyError(
                f"{self._label}/{one.folder} holds {len(items)} files, and {one.files} belong to it.",
                remedy="Type the same command again later.",
            )
        return items


class Folder:
    """A folder of this machine. Links in it are not followed."""

    vouches = FIRST

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pieces(self) -> list[Piece]:
        if not self._folder.is_dir():
            raise SettingsError(f"datasets: {self._folder} is no folder.", remedy="Correct `folder` in hub.yaml.")
        found = []
        for place, below, files in os.walk(self._folder, onerror=self._unreadable):
            below[:] = [name for name in below if not Path(place, name).is_symlink()]
            for path in (Path(place, name) for name in files):
                if path.is_file() and not path.is_symlink():
                    about = path.stat()
                    state = f"{about.st_size} {about.st_mtime_ns}"
                    found.append(Piece(path.relative_to(self._folder).as_posix(), str(path), about.st_size, "", state))
        return safe(found, str(self._folder))

    @contextmanager
    def reading(self, piece: Piece, start: int, state: str) -> Iterator[Stream]:
        start = start if state == piece.state else 0
        try:
            with Path(piece.place).open("rb") as stream:
                stream.seek(start)
                yield Stream(start, iter(lambda: stream.read(_CHUNK), b""), piece.state)
        except PermissionError as error:
            self._unreadable(error)

    def _unreadable(self, error: OSError) -> None:
        raise SettingsError(f"datasets: {error.filename} cannot be read.", why=f"{error.strerror}.") from None


def _piece(item: Any, name: str) -> Piece:
    """An object of a storage. Its tag is the MD5 of its content, unless it was put in parts."""
    tag = str(item.get("e_tag") or "")
    digits = tag.strip('"')
    digest = f"md5:{digits}" if re.fullmatch(r"[0-9a-f]{32}", digits) else ""
    return Piece(name, item["path"], int(item["size"]), digest, tag)


def _listed(store: S3Store, folder: str, label: str) -> list[Any]:
    try:
        return [item for part in obstore.list(store, folder or None) for item in part if not item["path"].endswith("/")]
    except (BaseError, OSError) as error:
        raise _unusable(label, error) from None


@contextmanager
def _from_store(store: S3Store, piece: Piece, start: int, label: str) -> Iterator[Stream]:
    options: Any = {"range": {"offset": start}} if start else {}
    if piece.state:
        options["if_match"] = piece.state
    try:
        answer = obstore.get(store, piece.place, options=options)
        yield Stream(start, _chunks(answer, label), piece.state)
    except PreconditionError:
        raise CopyError(
            f"{label}: {piece.place} was changed meanwhile.", remedy="Type the same command again."
        ) from None
    except (BaseError, OSError) as error:
        raise _unusable(label, error) from None


def _chunks(answer: Any, label: str) -> Iterator[bytes]:
    try:
        for chunk in answer.stream(min_chunk_size=_CHUNK):
            yield bytes(chunk)
    except (BaseError, OSError) as error:
        raise _unusable(label, error) from None


def _unusable(label: str, error: BaseException) -> NetworkError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return NetworkError(f"{label} cannot be read.", why=lines[0], remedy=_REMEDY)
