"""A place from what a person typed: a folder, or `s3://bucket/folder`."""

from __future__ import annotations

from pathlib import Path

from skrt_hub.errors import CopyError
from skrt_hub.snapshots.repository import Repository, open_folder


def open_repository(text: str, *, create: bool = False, credentials: Path | None = None) -> Repository:
    """The place `text` names. With `create`, an empty one is made ready. Raises CopyError."""
    if text.startswith("s3://"):
        from skrt_hub.snapshots import s3  # noqa: PLC0415 - its library is only loaded where it is used

        return s3.open_bucket(text, create=create, credentials=credentials)
    if "://" in text:
        raise CopyError(f"{text} cannot be used for saved copies.", remedy="Name a folder, or s3://bucket/folder.")
    return open_folder(Path(text).expanduser().absolute(), create=create)


def canonical(text: str) -> str:
    """The same place by one name, to remember it by."""
    return text.rstrip("/") if "://" in text else str(Path(text).expanduser().absolute())
