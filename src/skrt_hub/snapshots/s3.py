"""Saved copies in S3-compatible storage, through the library obstore.

Keys come from the usual variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL), or from an
AWS credentials file named in hub.yaml. An object is put as a whole, or not at all, by the storage itself.
"""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError
from obstore.store import S3Store

from skrt_hub.errors import CopyError
from skrt_hub.snapshots.lock import Held, Pace, held
from skrt_hub.snapshots.repository import MARK, PLAIN_MARK, check_mark

_LOCK = "lock.json"
_READS_AGAIN, _BETWEEN_READS = 19, 0.02
_ROLE = "169.254.169.254"  # where clouds tell their machines which keys they may use
PACE = Pace()
_REMEDY = "Check the address, the keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL) and the network."


class BucketRepository:
    """A folder of a bucket (skrt_hub.snapshots.repository.Repository)."""

    def __init__(self, store: Any, label: str) -> None:
        self._store = store
        self._held: Held | None = None
        self.label = label

    def put(self, name: str, data: bytes | Sequence[bytes]) -> None:
        whole = data if isinstance(data, bytes) else b"".join(data)
        self._confirm()
        self._call(lambda: obstore.put(self._store, name, whole))

    def holds(self, name: str, data: bytes | Sequence[bytes]) -> bool:
        return self.get(name) == (data if isinstance(data, bytes) else b"".join(data))

    def get(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        if length is not None:
            return bytes(self._call(lambda: obstore.get_range(self._store, name, start=start, length=length), name))
        data = bytes(self._call(lambda: obstore.get(self._store, name).bytes(), name))
        return data[start:]

    def names(self, folder: str) -> list[str]:
        listing = self._call(lambda: [item["path"] for part in obstore.list(self._store, folder) for item in part])
        return sorted(listing)

    def remove(self, name: str) -> None:
        self._confirm()
        with contextlib.suppress(NotFoundError):
            self._call(lambda: obstore.delete(self._store, name))

    @contextlib.contextmanager
    def locked(self, *, shared: bool = False) -> Iterator[None]:
        """Hold the place by an object in it (skrt_hub.snapshots.lock)."""
        with held(_LockObject(self), shared=shared, pace=PACE) as lock:
            self._held = lock
            try:
                yield
            finally:
                self._held = None

    def _confirm(self) -> None:
        if self._held is not None:
            self._held.confirm()

    def _call(self, what: Any, name: str = "") -> Any:
        try:
            return what()
        except (FileNotFoundError, NotFoundError) as error:
            if name:
                raise CopyError(f"{name} is missing in the saved copies in {self.label}.") from None
            raise self._error(error, name) from None
        except (BaseError, OSError) as error:
            raise self._error(error, name) from None

    def _error(self, error: BaseException, name: str) -> CopyError:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if _ROLE in lines[0]:
            lines = ["No keys were given; the library then asked for a role of this machine in vain."]
        return CopyError(f"{self.label} cannot be used{f' ({name})' if name else ''}.", why=lines[0], remedy=_REMEDY)


class _LockObject:
    """The object that says who holds the place (skrt_hub.snapshots.lock.Conditional).

    Some storages give, for a moment, an older content with the tag of a newer one (versitygw does, where it keeps what
    it knows of objects beside them). A holder would be overwritten by that. Most tags are the MD5 of their content, so
    what does not fit is read again; where it never fits, the storage's tags are of another kind.
    """

    def __init__(self, place: BucketRepository) -> None:
        self._place = place
        self._tags_are_digests = True
        self.label = place.label

    def read(self) -> tuple[bytes, str, float] | None:
        found = self._read()
        if not self._tags_are_digests:
            return found
        for _ in range(_READS_AGAIN):
            if found is None or not _torn(*found[:2]):
                return found
            time.sleep(_BETWEEN_READS)
            found = self._read()
        self._tags_are_digests = found is None or not _torn(*found[:2])
        return found

    def _read(self) -> tuple[bytes, str, float] | None:
        try:
            answer = obstore.get(self._place._store, _LOCK)
            data = bytes(answer.bytes())
        except (FileNotFoundError, NotFoundError):
            return None
        except (BaseError, OSError) as error:
            raise self._place._error(error, _LOCK) from None
        written = answer.meta["last_modified"]
        return data, str(answer.meta["e_tag"]), (datetime.now(UTC) - written).total_seconds()

    def write(self, data: bytes, tag: str | None) -> bool:
        try:
            obstore.put(self._place._store, _LOCK, data, mode="create" if tag is None else {"e_tag": tag})
            return True
        except (AlreadyExistsError, PreconditionError, NotFoundError, FileNotFoundError):
            return False
        except (BaseError, OSError) as error:
            raise self._place._error(error, _LOCK) from None


def _torn(data: bytes, tag: str) -> bool:
    """Whether the tag is an MD5 in hexadecimal digits, and of another content."""
    digits = tag.strip('"')
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return re.fullmatch(r"[0-9a-f]{32}", digits) is not None and digits != digest


def open_bucket(
    address: str, *, create: bool, credentials: Path | None, made: Mapping[str, Any] = PLAIN_MARK
) -> BucketRepository:
    """The copies in `s3://bucket/folder`. With `create`, an empty folder is made a place that says `made` of itself."""
    bucket, _, folder = address.removeprefix("s3://").strip("/").partition("/")
    if not bucket:
        raise CopyError(f"{address} names no bucket.", remedy="Write it like s3://bucket/folder.")
    place = BucketRepository(open_store(bucket, folder, credentials), address.rstrip("/"))
    try:
        data = obstore.get(place._store, MARK).bytes()
    except (FileNotFoundError, NotFoundError):
        if not create:
            raise CopyError(
                f"There are no saved copies in {address}.", remedy="Name the address that `save --to` was given."
            ) from None
        if place.names(""):
            raise CopyError(
                f"{address} holds other things.", remedy=f"Use a folder of its own, such as {address}/copies."
            ) from None
        place.put(MARK, json.dumps(dict(made)).encode())
        return place
    except (BaseError, OSError) as error:
        raise place._error(error, "") from None
    try:
        mark = json.loads(bytes(data))
    except ValueError:
        mark = None
    check_mark(mark, place.label)
    return place


def open_store(
    bucket: str, folder: str, credentials: Path | None, *, endpoint: str = "", anonymous: bool = False, region: str = ""
) -> Any:
    """A folder of a bucket. `anonymous`: no keys are sent, as public storage allows. Raises CopyError."""
    options: dict[str, Any] = {"prefix": folder or None, **({"region": region} if region else {})}
    if anonymous:  # public storage is where it is, whatever storage of one's own the variables name
        options["skip_signature"] = True
    else:
        endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    if endpoint:
        options["endpoint"] = endpoint
    if credentials is not None:
        options |= _from_file(credentials)
    # A storage in the own house often has no certificate; that the address says http is the organiser's choice.
    options["client_options"] = {"allow_http": str(options.get("endpoint", "")).startswith("http://")}
    try:
        return S3Store(bucket, **options)
    except (BaseError, ValueError, TypeError) as error:
        raise CopyError(f"s3://{bucket} cannot be used.", why=str(error).splitlines()[0], remedy=_REMEDY) from None


def _from_file(path: Path) -> dict[str, str]:
    parser = configparser.ConfigParser()
    try:
        if path.stat().st_mode & 0o077:
            raise CopyError(f"{path} can be read by others.", remedy=f"Run: chmod 600 {path}")
        parser.read_string(path.read_text(encoding="utf-8"))
        section = parser[os.environ.get("AWS_PROFILE", "default")]
        found = {"access_key_id": section["aws_access_key_id"], "secret_access_key": section["aws_secret_access_key"]}
        for name, option in (
            ("region", "region"),
            ("endpoint_url", "endpoint"),
            ("aws_session_token", "session_token"),
        ):
            if name in section:
                found[option] = section[name]
        return found
    except (OSError, KeyError, configparser.Error) as error:
        raise CopyError(
            f"{path} cannot be used as a credentials file.",
            why=str(error),
            remedy="It must have a [default] section with aws_access_key_id and aws_secret_access_key.",
        ) from None
