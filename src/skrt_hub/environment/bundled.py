"""A bundle: one file that brings a hub to a machine without a network. This reads one; skrt_hub.bundle makes them.

It is a zip file that Python can run, with the wheels in `participants/` and `hub/`. Its last 64 bytes (the zip file's
comment) are the SHA-256 of all bytes before them.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from skrt_hub.errors import SpaceError, UsageError
from skrt_hub.files import told, write_atomically
from skrt_hub.settings.environment import OwnPackages

MANIFEST, LOCK, PARTICIPANTS, HUB = "manifest.json", "lock.txt", "participants/", "hub/"
CLUSTER = "cluster/"
"""The folder with what a cluster takes, in place of the participants' packages."""
FORMAT = 1
DIGEST_LENGTH = 64
_PIECE = 4 << 20


PROCESSORS = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
"""What a machine's kernel calls the processors that a bundle can be made for (uname(1)), by their platforms' names."""


@dataclass(frozen=True)
class Contents:
    """What a bundle says of itself.

    python: the participants' Python; lock: the identity of what they get;
    others: those of the further environments, by name;
    images: with a bundle for a cluster, those in it, the participants' among them.
    """

    skrt_hub: str
    hub_python: str
    python: str
    machine: str
    lock: str
    others: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = ()
    files: tuple[tuple[str, int, str], ...] = ()
    format: int = FORMAT

    def to_json(self) -> str:
        """As it stands in the bundle; each file with its size and its SHA-256."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read, and has every byte that it was made with."""

    file: Path
    contents: Contents

    def require_for(self, lock: str, python: str) -> None:
        """Raises UsageError where this hub needs something else than what is in it."""
        here, made = platform.machine(), self.contents
        why = ""
        if (sys.platform, here) != ("linux", made.machine):
            why = f"It is for Linux on {made.machine}, and this is {sys.platform} on {here}."
        elif made.images:
            why = "It is for a cluster, whose nodes take images, and has no packages."
        elif python.split(".")[:2] != made.python.split("."):
            why = f"It is for Python {made.python}, and the participants' Python here is {python}."
        elif lock not in (made.lock, *dict(made.others).values()):
            why = f"It was made by skrt-hub {made.skrt_hub} or for other packages in hub.yaml, so the versions differ."
        if why:
            raise UsageError(
                f"The bundle {self.file} does not go with this hub.",
                why=why,
                remedy="Make one with the same skrt-hub and hub.yaml on a machine like this: skrt-hub bundle make FILE",
            )

    def put_locks(self, own: OwnPackages) -> None:
        """Write the versions of one's own packages where they are noted, unless that was carried along."""
        wanted = {LOCK: own} if own.any else {}
        wanted |= {lock_in_bundle(other.name): own.of(other) for other in own.others if other.any}
        with zipfile.ZipFile(self.file) as packed:
            for name, packages in wanted.items():
                file = packages.lock
                if file is not None and not file.exists() and name in packed.namelist():
                    write_atomically(file, packed.read(name))

    def take_out(self, name: str, to: Path) -> None:
        """Write one of its files to `to`, whole or not at all."""
        beside = to.with_name(f".{to.name}.part")
        with told(to):
            with zipfile.ZipFile(self.file) as packed, packed.open(name) as source, beside.open("wb") as out:
                shutil.copyfileobj(source, out, _PIECE)
            beside.replace(to)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files in it."""
        with zipfile.ZipFile(self.file) as packed:
            return tuple(packed.namelist())

    @contextmanager
    def wheels(self, beside: Path) -> Iterator[Path]:
        """A folder with the participants' wheels, on the disk of `beside`, as long as the block. Raises SpaceError."""
        with zipfile.ZipFile(self.file) as packed, told(beside):
            inside = [entry for entry in packed.infolist() if entry.filename.startswith(PARTICIPANTS)]
            needed = sum(entry.file_size for entry in inside)
            if shutil.disk_usage(beside).free < needed:
                raise SpaceError(
                    f"The disk of {beside} is too full to unpack the bundle.", why=f"{needed / 1e6:.0f} MB are needed."
                )
            with TemporaryDirectory(prefix="bundle-", dir=beside) as folder:
                packed.extractall(folder, [entry.filename for entry in inside])
                yield Path(folder, PARTICIPANTS)


def lock_in_bundle(environment: str) -> str:
    """Where the versions of an environment stand in a bundle; the first one has no name."""
    return f"lock.{environment}.txt" if environment else LOCK


def read(file: Path) -> Bundle:
    """The bundle in this file. Raises UsageError where there is none, or a byte of it was changed."""
    try:
        said, found = digests(file)
        if said != found:
            raise ValueError("It is damaged: its bytes do not have the SHA-256 that stands at its end.")
        with zipfile.ZipFile(file) as packed:
            document: dict[str, Any] = json.loads(packed.read(MANIFEST))
        if document["format"] != FORMAT:
            raise ValueError(f"It has the format {document['format']}, and this skrt-hub reads {FORMAT}.")
        document["others"] = tuple((name, lock) for name, lock in document.get("others", ()))
        document["images"] = tuple(document.get("images", ()))
        document["files"] = tuple((name, size, digest) for name, size, digest in document["files"])
        return Bundle(file, Contents(**document))
    except OSError as error:
        why = error.strerror or str(error)
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        why = str(error)
    raise UsageError(
        f"{file} is no bundle that can be used.",
        why=why,
        remedy="Copy it again, or make it again: skrt-hub bundle make FILE",
    )


def digests(file: Path) -> tuple[str, str]:
    """The SHA-256 that stands at the end of the file, and the one that the bytes before it have."""
    left = file.stat().st_size - DIGEST_LENGTH
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while left > 0 and (piece := stream.read(min(_PIECE, left))):
            digest.update(piece)
            left -= len(piece)
        return stream.read(DIGEST_LENGTH).decode("ascii", errors="replace"), digest.hexdigest()
