"""Saved copies that are encrypted: a place that seals each file on its way in, and opens it on its way out.

A sealed file is `SKRTSEAL`, 32 random bytes, the length of the content (8 bytes, the greatest first), and the content
in pieces of 64 KiB, each sealed by AES-256-GCM, which makes it 16 bytes longer. The piece's number is its nonce. Each
file has a key of its own (HKDF-SHA256), made of the place's key, the random bytes, the length and the file's name: a
file that was changed, cut short or renamed does not open.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from skrt_hub.errors import CopyError
from skrt_hub.snapshots.repository import Repository
from skrt_hub.snapshots.saves_key import SavesKey

_BEGIN = b"SKRTSEAL"
_HEAD = len(_BEGIN) + 32 + 8
_PIECE, _TAG = 64 * 1024, 16
_INFO = b"skrt-hub saved copies 1 "


class SealedRepository:
    """Another place whose files are sealed (skrt_hub.snapshots.repository.Repository)."""

    def __init__(self, inner: Repository, key: SavesKey) -> None:
        self.label = inner.label
        self._inner = inner
        self._key = key
        self._heads: dict[str, bytes] = {}

    def put(self, name: str, data: bytes | Sequence[bytes]) -> None:
        parts = [data] if isinstance(data, bytes) else data
        size = sum(map(len, parts))
        head = _BEGIN + os.urandom(32) + struct.pack(">Q", size)
        cipher = self._cipher(name, head)
        sealed = [cipher.encrypt(_nonce(number), piece, None) for number, piece in enumerate(_pieces(parts))]
        self._inner.put(name, [head, *sealed])
        self._heads[name] = head

    def holds(self, name: str, data: bytes | Sequence[bytes]) -> bool:
        """Read back, opened and compared: what cannot be opened again was not kept."""
        self._heads.pop(name, None)
        try:
            return self.get(name) == (data if isinstance(data, bytes) else b"".join(data))
        except _DamagedError:
            return False

    def get(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        if length is None and not start:
            whole = self._inner.get(name)
            return self._opened(name, whole[:_HEAD], whole[_HEAD:], 0)
        try:
            return self._part(name, start, length)
        except _DamagedError:  # another process may have put the file anew since its beginning was read
            self._heads.pop(name, None)
            return self._part(name, start, length)

    def names(self, folder: str) -> list[str]:
        return self._inner.names(folder)

    def remove(self, name: str) -> None:
        self._heads.pop(name, None)
        self._inner.remove(name)

    def locked(self, *, shared: bool = False) -> AbstractContextManager[None]:
        return self._inner.locked(shared=shared)

    def _part(self, name: str, start: int, length: int | None) -> bytes:
        head = self._heads.get(name)
        if head is None:
            head = self._heads[name] = self._inner.get(name, 0, _HEAD)
        size = _size_in(head, name)
        end = size if length is None else min(size, start + length)
        if start >= end:
            return b""
        first, last = start // _PIECE, -(-end // _PIECE)
        begin = _HEAD + first * (_PIECE + _TAG)
        sealed = self._inner.get(name, begin, min(last * _PIECE, size) - first * _PIECE + (last - first) * _TAG)
        opened = self._opened(name, head, sealed, first, end=last)
        return opened[start - first * _PIECE : end - first * _PIECE]

    def _opened(self, name: str, head: bytes, sealed: bytes, first: int, end: int | None = None) -> bytes:
        """The content of these pieces, all up to the piece `end`, or to the file's end. Raises CopyError."""
        size = _size_in(head, name)
        last = -(-size // _PIECE) if end is None else end
        if len(sealed) != min(last * _PIECE, size) - first * _PIECE + (last - first) * _TAG:
            raise _damaged(name, "it has another length than it says")
        cipher = self._cipher(name, head)
        view, step = memoryview(sealed), _PIECE + _TAG
        try:
            return b"".join(
                cipher.decrypt(_nonce(number), view[(number - first) * step : (number - first + 1) * step], None)
                for number in range(first, last)
            )
        except InvalidTag:
            raise _damaged(name, "it was changed, or sealed with another key") from None

    def _cipher(self, name: str, head: bytes) -> AESGCM:
        salt, size = head[len(_BEGIN) : -8], head[-8:]
        return AESGCM(HKDF(SHA256(), 32, salt, _INFO + size + name.encode()).derive(self._key.secret))


class _DamagedError(CopyError):
    """A sealed file that does not open."""


def _damaged(name: str, why: str) -> _DamagedError:
    return _DamagedError("A saved copy is damaged.", why=f"{name} does not open: {why}.")


def _size_in(head: bytes, name: str) -> int:
    if len(head) != _HEAD or not head.startswith(_BEGIN):
        raise _damaged(name, "it is no sealed file")
    return int(struct.unpack(">Q", head[-8:])[0])


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _pieces(parts: Sequence[bytes]) -> Iterator[bytes]:
    """The same bytes, cut anew."""
    held = bytearray()
    for part in parts:
        held += part
        whole = len(held) - len(held) % _PIECE
        if whole:
            view = memoryview(bytes(held[:whole]))
            yield from (bytes(view[at : at + _PIECE]) for at in range(0, whole, _PIECE))
            del held[:whole]
    if held:
        yield bytes(held)
