"""How passwords and codes are kept: as scrypt hashes (RFC 7914) with a salt each, never as they are."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata
from typing import Any

_SCRYPT = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and some 40 ms a try


def hashed(text: str) -> dict[str, Any]:
    """The hash of a password or a code, with all that is needed to compare with it."""
    salt = secrets.token_bytes(16)
    digest = _hash(text, salt, **_SCRYPT)
    return {**_SCRYPT, "salt": base64.b64encode(salt).decode(), "hash": base64.b64encode(digest).decode()}


def matches(text: str, kept: dict[str, Any]) -> bool:
    """Whether `text` is what was hashed; takes as long for a wrong one as for the right one."""
    given = _hash(text, base64.b64decode(kept["salt"]), kept["n"], kept["r"], kept["p"])
    return hmac.compare_digest(given, base64.b64decode(kept["hash"]))


NOBODYS = {**_SCRYPT, "salt": base64.b64encode(bytes(16)).decode(), "hash": base64.b64encode(bytes(32)).decode()}
"""What is compared with where a name has nothing: the answer then takes as long, and tells nobody who is listed."""


def _hash(text: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    spelled = unicodedata.normalize("NFKC", text).encode("utf-8")
    return hashlib.scrypt(spelled, salt=salt, n=n, r=r, p=p, maxmem=64 * 2**20, dklen=32)
