"""Whether packages have the content that their publishers state (the file RECORD of each wheel, PEP 376)."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path


def wrong_packages(environment: Path) -> list[str]:
    """The names of the packages in an environment of which a file is missing or other than its RECORD says.

    To be called before anything of our own is put in place of files of packages.
    """
    found = set()
    for record in sorted(environment.glob("lib/python*/site-packages/*.dist-info/RECORD")):
        if any(_is_wrong(record.parent.parent / path, digest) for path, digest in _stated(record)):
            found.add(record.parent.name.removesuffix(".dist-info").rpartition("-")[0].replace("_", "-"))
    return sorted(found)


def _stated(record: Path) -> Iterator[tuple[str, str]]:
    """Path and hash of each file; those without one are written at the installation."""
    with record.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            if len(row) >= 2 and row[1].startswith("sha256="):
                yield row[0], row[1].removeprefix("sha256=")


def _is_wrong(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return True
    return base64.urlsafe_b64encode(found).decode("ascii").rstrip("=") != digest
