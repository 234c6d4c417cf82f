"""The files that a set consists of, wherever they lie: which there are, and their bytes from any place on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from skrt_hub.errors import CopyError
from skrt_workspace.home.tree import split

PUBLISHER = "the publisher's hash"
STORAGE = "the storage's checksums"
FIRST = "recorded at the first fetch"
"""Where a hash comes from, the surest first."""
_MOST = 500_000


@dataclass(frozen=True)
class Piece:
    """One file. place: what its source calls it; `size` -1 and an empty `digest` where the source does not say.

    digest: such as `sha256:...`; `state`: a mark that changes when the file does.
    """

    name: str
    place: str
    size: int = -1
    digest: str = ""
    state: str = ""


@dataclass(frozen=True)
class Stream:
    """A file's bytes from `start` on, which is 0 where the source could not begin later."""

    start: int
    chunks: Iterator[bytes]
    state: str = ""


class Source(Protocol):
    """Where a set lies. Every method raises a SkrtHubError that names the place."""

    vouches: str
    """Where the hashes come from that it gives."""

    def pieces(self) -> list[Piece]:
        """All files of the set."""

    def reading(self, piece: Piece, start: int, state: str) -> AbstractContextManager[Stream]:
        """Read a file from `start` on, if it is still the one whose state was `state`."""


def safe(pieces: list[Piece], place: str) -> list[Piece]:
    """The pieces, if each has a name of its own inside a folder. Raises CopyError."""
    if not pieces:
        raise CopyError(f"{place} holds no files.", remedy="Correct the place in hub.yaml.")
    if len(pieces) > _MOST:
        raise CopyError(f"{place} holds more than {_MOST} files.", remedy="Name a folder in it, or pack it.")
    seen: set[str] = set()
    folders: set[str] = set()
    for piece in pieces:
        try:
            split(piece.name)
        except ValueError:
            raise CopyError(f"{place} holds {piece.name!r}, which is no name for a file.") from None
        seen.add(piece.name)
        folders |= {str(parent) for parent in PurePosixPath(piece.name).parents}
    if len(seen) < len(pieces) or seen & folders:
        raise CopyError(f"{place} holds two things of one name.", remedy="Name a folder in it.")
    return sorted(pieces, key=lambda piece: piece.name)


def hasher(digest: str) -> hashlib._Hash:
    """What computes a hash of the kind that `digest` names."""
    kind = digest.partition(":")[0] or "sha256"
    return hashlib.new(kind, usedforsecurity=False)
